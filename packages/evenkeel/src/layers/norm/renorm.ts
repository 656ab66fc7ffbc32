import { ArgumentError, checkKeys, checkNumber, valueText } from "../../errors.ts";
import { add, mul } from "../../ops/binary.ts";
import type { ChannelMoments } from "../../ops/norm.ts";
import type { Affine } from "../../ops/norm-record.ts";
import { createTensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ExtraState } from "../layer.ts";
import type { RunningSnapshot } from "./bank.ts";
import { RunningStats } from "./running-stats.ts";

/** Bounds of the correction; those left out do not bind. */
export interface RenormClipping {
  /** The smallest r. */
  rmin?: number;
  /** The largest r. */
  rmax?: number;
  /** The largest |d|. */
  dmax?: number;
}

/** The paper's schedule: plain batch normalization for 5,000 steps, then bounds that open linearly. */
const ramp = { start: 5_000, rmax: { value: 3, end: 40_000 }, dmax: { value: 5, end: 25_000 } };

/**
 * x̂ = (x − mean_B)/σ_B·r + d with r = clip(σ_B/σ), d = clip((mean_B − mean)/σ), so that training normalizes nearly as
 * inference does (Ioffe 2017). σ_B = √(variance_B + ε); mean and σ are averages of earlier batches, with a momentum of
 * their own. r and d are constants in the backward pass. As Keras's `renorm=True`; before any batch r = 1 and d = 0.
 */
export class Renorm {
  /** Of mean_B and of σ_B, which stands in the place of a variance. */
  readonly stats: RunningStats;
  readonly #clipping: RenormClipping | "ramp";
  readonly #epsilon: number;

  constructor(
    op: string,
    options: { renormClipping?: unknown; renormMomentum?: unknown; epsilon: number; zeroDebias: boolean },
  ) {
    const { renormClipping, renormMomentum, epsilon, zeroDebias } = options;
    this.#clipping = checkClipping(op, renormClipping ?? {});
    this.#epsilon = epsilon;
    const momentum = checkNumber(op, "renormMomentum", renormMomentum ?? 0.99, 0, 1);
    this.stats = new RunningStats(op, { momentum, zeroDebias, movingVariance: "biased" });
  }

  /** γ·r and γ·d + β, which make of the batch's own x̂ the corrected one; then the averages take the batch in. */
  correct(
    { mean, variance }: ChannelMoments,
    { gamma, beta }: Affine,
    batch: { count: number; frozen: boolean },
  ): Affine {
    const shape = this.stats.shape;
    const tensor = (values: Float64Array): Tensor => createTensor("renorm", values, shape);
    const [r, d] = this.#correction(mean, variance).map(tensor) as [Tensor, Tensor];
    const deviation = variance.map((value) => Math.sqrt(value + this.#epsilon));
    if (!batch.frozen) this.stats.update(tensor(mean), tensor(deviation), batch.count);
    const offset = gamma === undefined ? d : mul(gamma, d);
    return {
      gamma: gamma === undefined ? r : mul(gamma, r),
      beta: beta === undefined ? offset : add(offset, beta),
    };
  }

  #correction(mean: Float64Array, variance: Float64Array): [Float64Array, Float64Array] {
    const { rmin, rmax, dmax } = this.#bounds();
    const before = { mean: this.stats.mean, deviation: this.stats.variance };
    const r = new Float64Array(mean.length).fill(1);
    const d = new Float64Array(mean.length);
    if (this.stats.weight === 0) return [r, d];
    for (let i = 0; i < r.length; i++) {
      // Keras's: an average that started at 0 divides by no less than √ε.
      const deviation = Math.max(before.deviation[i]!, Math.sqrt(this.#epsilon));
      r[i] = clip(Math.sqrt(variance[i]! + this.#epsilon) / deviation, rmin, rmax);
      d[i] = clip((mean[i]! - before.mean[i]!) / deviation, -dmax, dmax);
    }
    return [r, d];
  }

  #bounds(): Required<RenormClipping> {
    if (this.#clipping !== "ramp") return { rmin: 0, rmax: Infinity, dmax: Infinity, ...this.#clipping };
    const { batches } = this.stats;
    const open = (from: number, { value, end }: typeof ramp.rmax): number =>
      from + (value - from) * clip((batches - ramp.start) / (end - ramp.start), 0, 1);
    const rmax = open(1, ramp.rmax);
    return { rmin: 1 / rmax, rmax, dmax: open(0, ramp.dmax) };
  }

  /** Keras's keys. */
  getConfig(): Record<string, unknown> {
    return { renorm: true, renorm_clipping: this.#clipping, renorm_momentum: this.stats.momentum };
  }
}

/** The state of a layer with renorm: its own beside that of the statistics. */
export function withRenorm(
  running: RunningStats,
  { stats: renorm }: Renorm,
): ExtraState<[RunningSnapshot, RunningSnapshot]> {
  return {
    getState: () => ({ ...running.getState(), renorm: renorm.getState() }),
    setState: (state) => {
      const { renorm: inner = {}, ...outer } = state as { renorm?: object };
      running.setState(outer);
      renorm.setState(inner);
    },
    snapshot: () => [running.snapshot(), renorm.snapshot()],
    // Those of renorm move with each batch: the next one is corrected by them.
    gather: (on) => running.gather(on),
    settle: (take) => running.settle(take),
    restore: ([outer, inner]) => {
      running.restore(outer);
      renorm.restore(inner);
    },
  };
}

function clip(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function checkClipping(op: string, clipping: unknown): RenormClipping | "ramp" {
  if (clipping === "ramp") return clipping;
  const name = "renormClipping";
  if (typeof clipping !== "object" || clipping === null) {
    throw new ArgumentError(`${op}: ${name} is ${valueText(clipping)}; use { rmin, rmax, dmax }, or "ramp"`);
  }
  checkKeys(`${op}: ${name}`, clipping, ["rmin", "rmax", "dmax"]);
  // null stands for no bound, as in Keras.
  const bounds = Object.fromEntries(
    Object.entries(clipping).flatMap(([key, value]) =>
      value == null ? [] : [[key, checkNumber(op, `${name}.${key}`, value, 0)]],
    ),
  ) as RenormClipping;
  if ((bounds.rmin ?? 0) <= (bounds.rmax ?? Infinity)) return bounds;
  throw new ArgumentError(`${op}: ${name} has rmin ${bounds.rmin} above rmax ${bounds.rmax}; exchange them`);
}
