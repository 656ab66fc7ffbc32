import { normalizeBatch, type NormalizeOptions } from "../../ops/norm.ts";
import { add } from "../../ops/binary.ts";
import { sampleMoments } from "../../ops/sample-norm.ts";
import { reshape } from "../../ops/shaping.ts";
import { normalizeByReference } from "../../ops/virtual-norm.ts";
import { createTensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { throughColumns } from "./columns.ts";
import type { RunningStats } from "./running-stats.ts";

interface ReferenceMoments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Normalizes samples by the moments of a reference batch, which the running statistics hold, and their own. */
export class ReferenceBatch {
  readonly #statistics: RunningStats;
  /** Those of this step, with gradients; else they are constants. */
  #moments: ReferenceMoments | undefined;

  constructor(statistics: RunningStats) {
    this.#statistics = statistics;
  }

  /** Whether there has been one. */
  get known(): boolean {
    return this.#statistics.count > 0;
  }

  /** The reference batch, normalized by itself; the next samples are normalized with gradients through it. */
  refer(options: NormalizeOptions): Tensor {
    throughColumns(options.x, options.axes, (columns) => {
      const [batch, positions, channels] = columns.shape as [number, number, number];
      const { shift, mean, variance } = sampleMoments(reshape(columns, [1, batch * positions, channels]), -1);
      this.#moments = { mean: add(shift, mean), variance };
      return columns;
    });
    return normalizeBatch(options).y;
  }

  normalize({ x, axes, gamma, beta, epsilon }: NormalizeOptions): Tensor {
    const { count, mean, variance } = this.#statistics;
    const constant = (values: Float32Array): Tensor => createTensor("referenceBatch", values);
    const moments = this.#moments ?? { mean: constant(mean), variance: constant(variance) };
    this.#moments = undefined;
    const flat = (each: Tensor | undefined): Tensor | undefined => each && reshape(each, [mean.length]);
    const affine = { gamma: flat(gamma), beta: flat(beta), epsilon };
    return throughColumns(x, axes, (columns) => normalizeByReference({ x: columns, count, ...moments, ...affine }));
  }
}
