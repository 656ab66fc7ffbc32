import { ArgumentError, checkKeys, unknownName, valueText } from "../../errors.ts";
import { add, mul, sub } from "../../ops/binary.ts";
import { runningUpdate } from "../../ops/norm.ts";
import { relu, sqrt, square } from "../../ops/unary.ts";
import { createTensor } from "../../tensor/create.ts";
import { tidy } from "../../tensor/scope.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ExtraState } from "../layer.ts";
import { checkFlag } from "../options.ts";
import {
  type Bank,
  checkBank,
  firstDomain,
  fromBits,
  type RunningSnapshot,
  type RunningState,
  type RunningStatsOptions,
  toBits,
} from "./bank.ts";
import { KeptValues, type Variables } from "./kept-values.ts";
import { checkStatistics, mergeMoments, type Moments, type Statistics, type StatisticsLike } from "./moments.ts";

/**
 * w ← w·m + (1 − m); mean ← mean + ((1 − m)/w)·(mean_B − mean); variance likewise, with the momentum m (the weight of
 * the old value) in float64. w is the weight seen so far, from 0, so that the values are right from the first batch
 * on: what Adam calls bias correction. Until then mean is 0 and variance 1.
 *
 * `momentum: null` averages all batches alike (the rate is 1/batches). `zeroDebias: false` is Keras's rule: w is 1
 * from the start. Values that come from elsewhere (`setWeights`, a foreign file) have w = 1.
 *
 * There may be a bank of them for each of several domains, of which one is in use: the values, and all that is said of
 * them here, are its own. What is left at a switch comes back bit by bit.
 */
export class RunningStats implements ExtraState<RunningSnapshot> {
  readonly #op: string;
  readonly #options: RunningStatsOptions;
  readonly #values: KeptValues;
  /** All of the domain in use but the values. */
  #now: Bank;
  #frozen = false;
  #gathering = false;
  #domain = firstDomain;
  /** The banks that are not in use. */
  #banks: ReadonlyMap<string, Bank> = new Map();

  constructor(op: string, options: RunningStatsOptions) {
    this.#op = `${op}.runningStats`;
    this.#options = options;
    this.#values = new KeptValues(this.#op);
    this.#now = this.#first;
  }

  /** @internal Called once, when the layer is built. */
  attach(variables: Variables): void {
    this.#values.attach(variables);
  }

  /** Weight of the old value; null is the cumulative average. */
  get momentum(): number | null {
    return this.#options.momentum;
  }

  /** @internal The sizes of the channel axes. */
  get shape(): Shape {
    return this.#values.variables.mean.shape;
  }

  /** A copy, one value a channel. */
  get mean(): Float32Array {
    return this.#values.read().mean;
  }

  /** A copy, one value a channel. */
  get variance(): Float32Array {
    return this.#values.read().variance;
  }

  /** w: 0 before any batch, towards 1 with every batch. */
  get weight(): number {
    this.#notice();
    return this.#now.weight;
  }

  /** How many batches moved the values. */
  get batches(): number {
    return this.#now.batches;
  }

  /** How many values of each channel these batches had. */
  get count(): number {
    return this.#now.count;
  }

  /** Whether they are the moments of `count` values, which can be merged, and no average over batches. */
  get exact(): boolean {
    this.#notice();
    return this.#now.exact !== undefined;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** The domain in use, "default" at first. */
  get domain(): string {
    return this.#domain;
  }

  /** The names of all domains, the one in use first. */
  get domains(): string[] {
    return [this.#domain, ...this.#banks.keys()];
  }

  /** Puts the statistics of another domain in use. Errors: ArgumentError with the names there are. */
  useDomain(name: string): void {
    if (!this.domains.includes(name)) unknownName(`${this.#op}.useDomain`, "domain", name, this.domains);
    this.openDomain(name);
  }

  /** @internal The same; a domain that is new has seen nothing. */
  openDomain(name: string): void {
    if (name === this.#domain) return;
    const banks = new Map(this.#banks).set(this.#domain, this.#bank());
    const next = banks.get(name) ?? this.#first;
    banks.delete(name);
    [this.#domain, this.#banks] = [name, banks];
    this.#load(next);
  }

  /** The values stop moving, until `thaw()`; training still normalizes by the batch. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
  }

  /** Forgets everything of the domain in use: mean 0, variance 1, as before the first batch. */
  reset(): void {
    this.#values.write();
    this.#now = this.#first;
  }

  /**
   * @internal Takes in the mean and the biased variance of a batch of `elements` values a channel; `precise` has them
   * in float64. One value has no unbiased variance: then nothing moves.
   */
  update(
    mean: Tensor,
    variance: Tensor,
    elements: number,
    precise = (): Moments => ({ mean: mean.dataSync(), variance: variance.dataSync(), count: elements }),
  ): void {
    const { momentum, zeroDebias, movingVariance } = this.#options;
    const unbiased = movingVariance === "unbiased";
    const whole = movingVariance !== "mean";
    if (this.#frozen) return;
    if (this.#gathering) {
      const { pending } = this.#now;
      this.#now = { ...this.#now, pending: mergeMoments([...(pending ? [pending] : []), precise()], whole) };
      return;
    }
    if (unbiased && elements < 2) return;
    const { variables } = this.#values;
    this.#notice();
    tidy(() => {
      const stored = unbiased ? mul(variance, elements / (elements - 1)) : variance;
      let { weight } = this.#now;
      const batches = this.#now.batches + 1;
      const count = this.#now.count + elements;
      if (momentum === null) weight = 1;
      else if (zeroDebias) weight = Math.min(1, weight * momentum + (1 - momentum));
      const rate = momentum === null ? 1 / batches : (1 - momentum) / weight;
      const exact = whole && rate === 1 && count === elements ? precise() : undefined;
      this.#now = { ...this.#now, weight, batches, count, exact };
      if (weight === 0) return;
      runningUpdate(variables.mean, mean, rate);
      const { variance: kept, deviation } = variables;
      if (deviation === undefined) return runningUpdate(kept, stored, rate);
      runningUpdate(deviation.variable, sqrt(add(stored, deviation.epsilon)), rate);
      kept.assign(relu(sub(square(deviation.variable), deviation.epsilon)));
    });
    this.#values.see();
  }

  /** @internal While it is on, `update` moves nothing and keeps what it gets for `settle`. */
  gather(on: boolean): void {
    this.#gathering = on;
  }

  /** @internal What each domain gathered moves its values as one batch, or with `take` false is dropped. */
  settle(take: boolean): void {
    this.#gathering = false;
    const others = [...this.#banks.keys()].filter((name) => this.#banks.get(name)!.pending);
    for (const name of [...others, this.#domain]) {
      this.openDomain(name);
      const { pending } = this.#now;
      this.#now = { ...this.#now, pending: undefined };
      if (!take || pending === undefined) continue;
      const tensorOf = (values: ArrayLike<number>): Tensor => createTensor(this.#op, Float32Array.from(values));
      tidy(() => this.update(tensorOf(pending.mean), tensorOf(pending.variance), pending.count));
    }
  }

  /**
   * Takes the mean and the biased variance of `count` values a channel, from `batches` batches (default 1), instead of
   * what was there: with weight 1. As `ek.stats.merge` gives them; or the `runningStats` of another layer.
   *
   * Errors: ArgumentError, ShapeError; then nothing has changed.
   */
  replace(given: RunningStats | StatisticsLike): void {
    const op = `${this.#op}.replace`;
    const unbiased = this.#options.movingVariance === "unbiased";
    const statistics = given instanceof RunningStats ? given.exactly(op) : given;
    const checked = checkStatistics(op, statistics, this.#values.variables.mean.size, unbiased ? 2 : 1);
    this.take([checked], checked.batches);
  }

  /** @internal The same, unchecked, from the moments of batches. */
  take(parts: readonly Moments[], batches = parts.length): void {
    const { movingVariance } = this.#options;
    const exact = mergeMoments(parts, movingVariance !== "mean");
    const { mean, variance, count } = exact;
    const factor = movingVariance === "unbiased" ? count / (count - 1) : 1;
    const values = { mean: Float32Array.from(mean), variance: Float32Array.from(variance, (value) => value * factor) };
    const bank = { values, pending: this.#now.pending, weight: 1, batches, count };
    this.#load(movingVariance === "mean" ? bank : { ...bank, exact });
  }

  /** @internal The moments of all values seen. Errors: ArgumentError where there is only an average over batches. */
  exactly(op: string): Statistics {
    this.#notice();
    const { mean, variance } = this.#values.read();
    const { batches } = this.#now;
    const untouched = batches === 0 && mean.every((value) => value === 0) && variance.every((value) => value === 1);
    const exact = untouched ? { mean, variance, count: 0 } : this.#now.exact;
    if (exact !== undefined) return { ...exact, batches };
    const came = `running statistics that are an average over ${batches} batches`;
    throw new ArgumentError(`${op}: ${came} don't merge exactly; recalibrate them`);
  }

  getState(): RunningState {
    const { values: _, ...bank } = this.#bank();
    const others = this.#banks.size > 0 && { domain: this.#domain, domains: Object.fromEntries(this.#banks) };
    return toBits({ ...bank, frozen: this.#frozen, ...others }) as RunningState;
  }

  /** Continues where `getState` was; the values themselves are weights of the layer and are set before. */
  setState(state: object): void {
    const op = `${this.#op}.setState`;
    checkKeys(op, state, ["weight", "batches", "count", "frozen", "exact", "pending", "domain", "domains"]);
    const read = fromBits(op, state, this.#values.channels) as Bank & RunningState;
    const { frozen, domain = firstDomain, domains = {} } = read;
    if (typeof domain !== "string") throw new ArgumentError(`${op}: domain is ${valueText(domain)}; use a name`);
    const now = checkBank(op, read);
    const banks = Object.entries(domains as object).map(([name, bank]) => [name, checkBank(op, bank as Bank)] as const);
    this.#frozen = checkFlag(op, "frozen", frozen);
    [this.#domain, this.#banks] = [domain, new Map(banks)];
    this.#now = now;
    this.#values.see();
  }

  /** Everything, as copies outside of the WASM memory: one value a channel. */
  snapshot(): RunningSnapshot {
    return { ...this.#bank(), frozen: this.#frozen, domain: this.#domain, domains: this.#banks };
  }

  /** Puts everything back to where `snapshot` was. */
  restore({ frozen, domain, domains, ...bank }: RunningSnapshot): void {
    [this.#frozen, this.#domain, this.#banks] = [frozen, domain, domains];
    this.#load(bank);
  }

  /** Before any batch. */
  get #first(): Bank {
    return { weight: this.#options.zeroDebias ? 0 : 1, batches: 0, count: 0 };
  }

  #bank(): Bank {
    this.#notice();
    const { weight, batches, count, exact, pending } = this.#now;
    return { weight, batches, count, exact, pending, values: this.#values.see() };
  }

  #load({ values, ...others }: Bank): void {
    if (this.#values.channels !== undefined) this.#values.write(values);
    this.#now = others;
  }

  /** Values that were set from outside are taken as they are: whole. */
  #notice(): void {
    if (this.#values.changed()) this.#now = { ...this.#now, weight: 1, exact: undefined };
  }
}
