import { ArgumentError, checkInteger, checkKeys, checkNumber } from "../../errors.ts";
import { add, mul, sub } from "../../ops/binary.ts";
import { runningUpdate } from "../../ops/norm.ts";
import { relu, sqrt, square } from "../../ops/unary.ts";
import { tidy } from "../../tensor/scope.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { ExtraState } from "../layer.ts";
import { checkFlag } from "../options.ts";
import type { Moments } from "./moments.ts";

export interface RunningStatsOptions {
  /** Weight of the old value; null is the cumulative average. */
  readonly momentum: number | null;
  readonly zeroDebias: boolean;
  /** Which variance of a batch is taken in: Σ(x − mean)²/m, or /(m − 1). */
  readonly movingVariance: "biased" | "unbiased";
}

/** What a checkpoint holds beside the values themselves. */
export interface RunningState {
  readonly weight: number;
  readonly batches: number;
  readonly count: number;
  readonly frozen: boolean;
}

interface Values {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly deviation?: Float32Array | undefined;
}

interface Variables {
  readonly mean: Variable;
  readonly variance: Variable;
  /** √(variance + ε), where it is this that is averaged (batch renormalization); the variance follows from it. */
  readonly deviation?: { readonly variable: Variable; readonly epsilon: number };
}

export interface RunningSnapshot extends RunningState {
  readonly values: Values | undefined;
}

/**
 * w ← w·m + (1 − m); mean ← mean + ((1 − m)/w)·(mean_B − mean); variance likewise, with the momentum m (the weight of
 * the old value) in float64. w is the weight seen so far, from 0, so that the values are right from the first batch
 * on: what Adam calls bias correction. Until then mean is 0 and variance 1.
 *
 * `momentum: null` averages all batches alike (the rate is 1/batches). `zeroDebias: false` is Keras's rule: w is 1
 * from the start. Values that come from elsewhere (`setWeights`, a foreign file) have w = 1.
 */
export class RunningStats implements ExtraState<RunningSnapshot> {
  readonly #op: string;
  readonly #options: RunningStatsOptions;
  #variables: Variables | undefined;
  /** The values as this class last saw them: whoever else assigns the variables is noticed by the difference. */
  #seen: Values | undefined;
  #weight: number;
  #batches = 0;
  #count = 0;
  #frozen = false;

  constructor(op: string, options: RunningStatsOptions) {
    this.#op = `${op}.runningStats`;
    this.#options = options;
    this.#weight = this.#firstWeight;
  }

  /** @internal Called once, when the layer is built. */
  attach(variables: Variables): void {
    this.#variables = variables;
    this.#seen = unseen(variables.mean.size);
  }

  /** Weight of the old value; null is the cumulative average. */
  get momentum(): number | null {
    return this.#options.momentum;
  }

  /** @internal The sizes of the channel axes. */
  get shape(): Shape {
    return this.#attached().mean.shape;
  }

  /** A copy, one value a channel. */
  get mean(): Float32Array {
    return this.#read().mean;
  }

  /** A copy, one value a channel. */
  get variance(): Float32Array {
    return this.#read().variance;
  }

  /** w: 0 before any batch, towards 1 with every batch. */
  get weight(): number {
    this.#notice();
    return this.#weight;
  }

  /** How many batches moved the values. */
  get batches(): number {
    return this.#batches;
  }

  /** How many values of each channel these batches had. */
  get count(): number {
    return this.#count;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** The values stop moving, until `thaw()`; training still normalizes by the batch. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
  }

  /** Forgets everything: mean 0, variance 1, as before the first batch. */
  reset(): void {
    this.#write(unseen(this.#attached().mean.size));
    [this.#weight, this.#batches, this.#count] = [this.#firstWeight, 0, 0];
  }

  /**
   * @internal Takes in the mean and the biased variance of a batch of `elements` values a channel. One value has no
   * unbiased variance: then nothing moves.
   */
  update(mean: Tensor, variance: Tensor, elements: number): void {
    const { momentum, zeroDebias, movingVariance } = this.#options;
    const unbiased = movingVariance === "unbiased";
    if (this.#frozen || (unbiased && elements < 2)) return;
    const variables = this.#attached();
    this.#notice();
    tidy(() => {
      const stored = unbiased ? mul(variance, elements / (elements - 1)) : variance;
      this.#batches += 1;
      this.#count += elements;
      let rate = 1 / this.#batches;
      if (momentum === null) {
        this.#weight = 1;
      } else {
        if (zeroDebias) this.#weight = Math.min(1, this.#weight * momentum + (1 - momentum));
        if (this.#weight === 0) return;
        rate = (1 - momentum) / this.#weight;
      }
      runningUpdate(variables.mean, mean, rate);
      const { variance: kept, deviation } = variables;
      if (deviation === undefined) return runningUpdate(kept, stored, rate);
      runningUpdate(deviation.variable, sqrt(add(stored, deviation.epsilon)), rate);
      kept.assign(relu(sub(square(deviation.variable), deviation.epsilon)));
    });
    this.#seen = this.#read();
  }

  /**
   * @internal Takes the mean and the biased variance of `count` values a channel, from so many batches, instead of what
   * was there: with weight 1.
   */
  replace({ mean, variance, batches, count }: Moments & { batches: number }): void {
    const factor = this.#options.movingVariance === "unbiased" ? count / (count - 1) : 1;
    this.#write({
      mean: Float32Array.from(mean),
      variance: Float32Array.from(variance, (value) => value * factor),
    });
    [this.#weight, this.#batches, this.#count] = [1, batches, count];
  }

  getState(): RunningState {
    return { weight: this.weight, batches: this.#batches, count: this.#count, frozen: this.#frozen };
  }

  /** Continues where `getState` was; the values themselves are weights of the layer and are set before. */
  setState(state: object): void {
    const op = `${this.#op}.setState`;
    checkKeys(op, state, ["weight", "batches", "count", "frozen"]);
    const { weight, batches, count, frozen } = state as Partial<RunningState>;
    const checked = {
      weight: checkNumber(op, "weight", weight, 0, 1),
      batches: checkInteger(op, "batches", batches),
      count: checkInteger(op, "count", count),
      frozen: checkFlag(op, "frozen", frozen),
    };
    this.#setCounts(checked);
    if (this.#variables !== undefined) this.#seen = this.#read();
  }

  /** Everything, as copies outside of the WASM memory: one value a channel. */
  snapshot(): RunningSnapshot {
    return { ...this.getState(), values: this.#variables && this.#read() };
  }

  /** Puts everything back to where `snapshot` was. */
  restore(snapshot: RunningSnapshot): void {
    if (snapshot.values !== undefined) {
      this.#write(snapshot.values);
    } else if (this.#variables !== undefined) {
      this.reset();
    }
    this.#setCounts(snapshot);
  }

  get #firstWeight(): number {
    return this.#options.zeroDebias ? 0 : 1;
  }

  #setCounts({ weight, batches, count, frozen }: RunningState): void {
    [this.#weight, this.#batches, this.#count, this.#frozen] = [weight, batches, count, frozen];
  }

  /** Values that were set from outside are taken as they are: whole. */
  #notice(): void {
    if (this.#seen === undefined) return;
    const { mean, variance } = this.#attached();
    if (sameBits(mean, this.#seen.mean) && sameBits(variance, this.#seen.variance)) return;
    this.#weight = 1;
    this.#seen = this.#read();
  }

  #write(values: Values): void {
    const { mean, variance, deviation } = this.#attached();
    const set = (variable: Variable, to: Float32Array): void => (variable.view(this.#op) as Float32Array).set(to);
    set(mean, values.mean);
    set(variance, values.variance);
    if (deviation !== undefined) {
      const { variable, epsilon } = deviation;
      set(variable, values.deviation ?? values.variance.map((value) => Math.sqrt(value + epsilon)));
    }
    this.#seen = values;
  }

  #read(): Values {
    const { mean, variance, deviation } = this.#attached();
    return { mean: mean.dataSync(), variance: variance.dataSync(), deviation: deviation?.variable.dataSync() };
  }

  #attached(): Variables {
    if (this.#variables !== undefined) return this.#variables;
    throw new ArgumentError(`${this.#op}: the layer has no statistics yet; build() it, or apply it to data`);
  }
}

/** What there is before any batch. */
function unseen(size: number): Values {
  const ones = new Float32Array(size).fill(1);
  return { mean: new Float32Array(size), variance: ones, deviation: ones };
}

function sameBits(variable: Variable, values: Float32Array): boolean {
  const now = variable.view("runningStats");
  for (let i = 0; i < values.length; i++) if (!Object.is(now[i], values[i])) return false;
  return true;
}
