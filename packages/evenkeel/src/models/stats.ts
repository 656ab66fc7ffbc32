import { batchesOf, type Range, takeBatch } from "../data/batches.ts";
import type { SamplesLike } from "../data/samples.ts";
import { checkInteger, checkKeys, ShapeError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { BatchNormalization } from "../layers/norm/batch-normalization.ts";
import { mergeMoments, type Moments } from "../layers/norm/moments.ts";
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

const op = "stats.recalibrate";

/**
 * mean = Σx/n and variance = Σ(x − mean)²/n over all n values that a channel has in `data`: the running statistics of
 * every batch normalization, for the weights as they are now, instead of an average over training ("precise BN", Wu
 * and Johnson 2021). Every batch is normalized by its own statistics on the way, dropout is off, and the batches'
 * moments are merged as those of one. The statistics then have the weight 1; the unbiased variance is kept where the
 * layer keeps that.
 *
 * `data`: samples as `predict` takes them; no targets. Layers that are frozen (`trainable = false`, or
 * `runningStats.freeze()`) stay as they are.
 *
 * Errors (the promise rejects, and nothing has changed): those of `predict` for the data; ShapeError where a channel
 * has one value in a batch, or with `exact` in all of the data.
 */
export async function recalibrate(
  model: Sequential,
  data: SamplesLike,
  options: RecalibrateOptions = {},
): Promise<void> {
  checkKeys(op, options, ["batchSize", "exact"]);
  const batchSize = checkInteger(op, "batchSize", options.batchSize ?? 128, 1);
  const exact = checkFlag(op, "exact", options.exact ?? false);
  const x = tidy(() => toInputs(op, model, data, "the data"));
  const undo = rollback(model.layers);
  try {
    model.build([null, ...x.shape.slice(1)]);
    const batches = batchesOf({ start: 0, end: x.shape[0]! }, batchSize, !exact && needsTwoSamples(model));
    const pass = new Pass(x, batches);
    const norms = model.layers.filter((layer) => layer instanceof BatchNormalization && layer.observes);
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
  readonly #x: Tensor;
  readonly #batches: readonly Range[];
  readonly #breather = new Breather();

  constructor(x: Tensor, batches: readonly Range[]) {
    this.#x = x;
    this.#batches = batches;
  }

  /** Gives `norms`, some of the layers, the moments of what reaches them. */
  async run(layers: readonly Layer[], norms: readonly Layer[]): Promise<void> {
    const seen = new Map<Layer, Moments[]>(norms.map((norm) => [norm, []]));
    for (const batch of this.#batches) {
      tidy(() => {
        let y = takeBatch(op, this.#x, batch);
        for (const layer of layers) y = through(layer, y, seen.get(layer), layer === layers.at(-1));
      });
      await this.#breather.breathe();
    }
    for (const [norm, parts] of seen) {
      const moments = mergeMoments(parts);
      if (moments.count === 1) throw new ShapeError(`${op}: ${norm.name} saw one value a channel; pass more data`);
      (norm as BatchNormalization).runningStats.replace({ ...moments, batches: parts.length });
    }
  }
}

/** What a layer makes of x; where it is observed, normalized by x itself, unless nobody comes `last`. */
function through(layer: Layer, x: Tensor, seen: Moments[] | undefined, last: boolean): Tensor {
  if (seen === undefined || !(layer instanceof BatchNormalization)) return layer.apply(x);
  const moments = layer.observe(x);
  seen.push(moments);
  if (last) return x;
  if (moments.count > 1) return layer.normalizeByItself(x);
  throw new ShapeError(
    `${op}: a batch with one value a channel in ${layer.name}; use a larger batchSize, or exact: true`,
  );
}
