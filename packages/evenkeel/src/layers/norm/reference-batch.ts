import type { NormalizeOptions } from "../../ops/norm.ts";
import { add, mul } from "../../ops/binary.ts";
import { normalizeSamples, sampleMoments } from "../../ops/sample-norm.ts";
import { reshape } from "../../ops/shaping.ts";
import { rsqrt } from "../../ops/unary.ts";
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
  refer({ x, axes, gamma, beta, epsilon }: NormalizeOptions): Tensor {
    return throughColumns(x, axes, (columns) => {
      const [batch, positions, channels] = columns.shape as [number, number, number];
      const whole = reshape(columns, [1, batch * positions, channels]);
      const { shift, mean, variance } = sampleMoments(whole, -1);
      this.#moments = { mean: add(shift, mean), variance };
      const [means, rest] = [shift, mean].map((each) => each.dataSync());
      const precise = {
        mean: Float64Array.from(means!, (value, i) => value + rest![i]!),
        variance: variance.dataSync(),
      };
      this.#statistics.take([{ ...precise, count: batch * positions }]);
      const rstd = rsqrt(add(variance, epsilon));
      const scale = gamma === undefined ? rstd : mul(rstd, reshape(gamma, [channels]));
      const offset = beta && reshape(beta, [channels]);
      return reshape(normalizeSamples(whole, -1, { shift, mean, scale, offset }), columns.shape);
    });
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
