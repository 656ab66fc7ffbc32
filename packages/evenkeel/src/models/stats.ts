import { batchesOf, type Range, takeBatch } from "../data/batches.ts";
import type { SamplesLike } from "../data/samples.ts";
import { ArgumentError, checkInteger, checkKeys, ShapeError, unknownName, valueText } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { BatchNormalization } from "../layers/norm/batch-normalization.ts";
import type { Moments } from "../layers/norm/moments.ts";
import { MovingNorm } from "../layers/norm/moving-norm.ts";
import type { RunningStats } from "../layers/norm/running-stats.ts";
import { firstDomain } from "../layers/norm/bank.ts";
import { checkFlag } from "../layers/options.ts";
import { tidy } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Breather } from "./breather.ts";
import { toInputs } from "./prepare.ts";
import type { Sequential } from "./sequential.ts";
import { needsTwoSamples, rollback } from "./state.ts";

export interface RecalibrateOptions {
  /** Samples that go through the model together. Default: 128. */
  batchSize?: number;
  /**
   * One layer after the other, behind layers that have their new statistics already: a pass over the data for each, and
   * the result does not depend on `batchSize`. Default: false.
   */
  exact?: boolean;
}

export interface AdaptDomainOptions extends RecalibrateOptions {
  /** The name of the domain; with a known one, its statistics are taken anew. */
  domain: string;
}

/**
 * mean = Σx/n and variance = Σ(x − mean)²/n over all n values that a channel has in `data`: the running statistics of
 * every batch normalization, and of other norms that keep some, for the weights as they are now, instead of an average
 * over training ("precise BN", Wu and Johnson 2021). Every batch is normalized by its own statistics on the way,
 * dropout is off, and the batches' moments are merged as those of one. The statistics then have the weight 1; the
 * unbiased variance is kept where the layer keeps that.
 *
 * `data`: samples as `predict` takes them; no targets. Layers that are frozen (`trainable = false`, or
 * `runningStats.freeze()`) stay as they are.
 *
 * Errors (the promise rejects, and nothing has changed): those of `predict` for the data; ShapeError where a channel
 * has one value in a batch, or with `exact` in all of the data.
 */
export function recalibrate(model: Sequential, data: SamplesLike, options: RecalibrateOptions = {}): Promise<void> {
  return calibrate("stats.recalibrate", model, data, options);
}

/**
 * As `recalibrate`, into statistics that have the name `domain`, beside those there are ("AdaBN", Li et al. 2016): for
 * data of another kind than that of training, by the same weights, γ and β. The model then uses them, in `predict` and
 * in training; `useDomain` switches, back to the first ones by "default". They are saved with the model.
 *
 * Errors as `recalibrate`; nothing has changed then, and the domain is the one before.
 */
export async function adaptDomain(model: Sequential, data: SamplesLike, options: AdaptDomainOptions): Promise<void> {
  const op = "stats.adaptDomain";
  const { domain, ...others } = options ?? {};
  if (typeof domain !== "string" || domain === "") {
    throw new ArgumentError(`${op}: domain is ${valueText(domain)}; pass a name, e.g. { domain: "night" }`);
  }
  await calibrate(op, model, data, others, domain);
}

/**
 * Switches every norm that keeps some to the running statistics of another domain, for `predict` and for training,
 * which moves these alone; "default" are those from before the first `adaptDomain`. Nothing of those that are left is
 * lost. A layer that was frozen when the domain was adapted has none of it, and uses "default".
 *
 * Errors: ArgumentError with the names there are.
 */
export function useDomain(model: Sequential, domain: string): void {
  const statistics = normsOf(model).map(({ runningStats }) => runningStats);
  const known = new Set([firstDomain, ...statistics.flatMap(({ domains }) => domains)]);
  if (!known.has(domain)) unknownName("stats.useDomain", "domain", domain, [...known]);
  for (const each of statistics) each.useDomain(each.domains.includes(domain) ? domain : firstDomain);
}

type Norm = BatchNormalization | (MovingNorm & { runningStats: RunningStats });

function normsOf(model: Sequential): Norm[] {
  return model.layers.filter((layer): layer is Norm => {
    return layer instanceof BatchNormalization || (layer instanceof MovingNorm && layer.runningStats !== undefined);
  });
}

async function calibrate(
  op: string,
  model: Sequential,
  data: SamplesLike,
  options: RecalibrateOptions,
  domain?: string,
): Promise<void> {
  checkKeys(op, options, ["batchSize", "exact"]);
  const batchSize = checkInteger(op, "batchSize", options.batchSize ?? 128, 1);
  const exact = checkFlag(op, "exact", options.exact ?? false);
  const x = tidy(() => toInputs(op, model, data, "the data"));
  const undo = rollback(model.layers);
  try {
    model.build([null, ...x.shape.slice(1)]);
    const batches = batchesOf({ start: 0, end: x.shape[0]! }, batchSize, !exact && needsTwoSamples(model));
    const pass = new Pass(op, x, batches);
    const norms = normsOf(model).filter((norm) => norm.observes);
    if (domain !== undefined) {
      if (norms.length === 0)
        throw new ArgumentError(`${op}: every batch normalization is frozen, or there is none; thaw one`);
      for (const { runningStats } of norms) runningStats.openDomain(domain);
      useDomain(model, domain);
    }
    // All in one pass, or each in one that ends at it.
    const goals = exact ? norms.map((norm) => [norm]) : [norms];
    for (const goal of goals) {
      const last = goal.at(-1);
      if (last !== undefined) await pass.run(model.layers.slice(0, model.layers.indexOf(last) + 1), goal);
    }
  } catch (error) {
    undo();
    throw error;
  } finally {
    if (x !== data) x.dispose();
  }
}

/** The data on its way through layers. */
class Pass {
  readonly #op: string;
  readonly #x: Tensor;
  readonly #batches: readonly Range[];
  readonly #breather = new Breather();

  constructor(op: string, x: Tensor, batches: readonly Range[]) {
    this.#op = op;
    this.#x = x;
    this.#batches = batches;
  }

  /** Gives `norms`, some of the layers, the moments of what reaches them. */
  async run(layers: readonly Layer[], norms: readonly Norm[]): Promise<void> {
    const seen = new Map<Layer, Moments[]>(norms.map((norm) => [norm, []]));
    for (const batch of this.#batches) {
      tidy(() => {
        let y = takeBatch(this.#op, this.#x, batch);
        for (const layer of layers) y = through(this.#op, layer, y, seen.get(layer), layer === layers.at(-1));
      });
      await this.#breather.breathe();
    }
    for (const norm of norms) {
      const parts = seen.get(norm)!;
      const single = parts.length === 1 && parts[0]!.count === 1;
      if (single) throw new ShapeError(`${this.#op}: ${norm.name} saw one value a channel; pass more data`);
      norm.runningStats.take(parts);
    }
  }
}

/** What a layer makes of x; where it is observed, normalized by x itself, unless nobody comes `last`. */
function through(op: string, layer: Layer, x: Tensor, seen: Moments[] | undefined, last: boolean): Tensor {
  if (seen === undefined) return layer.apply(x);
  const norm = layer as Norm;
  const moments = norm.observe(x);
  seen.push(moments);
  if (last) return x;
  if (moments.count > 1) return norm.normalizeByItself(x);
  throw new ShapeError(
    `${op}: a batch with one value a channel in ${layer.name}; use a larger batchSize, or exact: true`,
  );
}
