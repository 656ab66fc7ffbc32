import { add, mul } from "../../ops/binary.ts";
import { groupNorm } from "../../ops/group-norm.ts";
import { normalizeGiven } from "../../ops/norm.ts";
import { mean as meanOver } from "../../ops/reduce.ts";
import { sampleMoments } from "../../ops/sample-norm.ts";
import { channelAxis, spaceOf } from "../../ops/sample-view.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkFlag } from "../options.ts";
import type { Moments } from "./moments.ts";
import { MovingNorm, type MovingNormOptions } from "./moving-norm.ts";

export interface InstanceNormalizationOptions extends MovingNormOptions {
  /** Learn β. Default: false. */
  center?: boolean;
  /** Learn γ. Default: false. */
  scale?: boolean;
  /** Keep running statistics, and normalize by them in inference. Default: false. */
  trackRunningStats?: boolean;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β, mean and biased variance over the space of each channel of each sample
 * (Ulyanov, Vedaldi and Lempitsky 2016). x: [batch, …, channels]; γ, β: [channels]. As PyTorch's InstanceNorm, in its
 * defaults too.
 *
 * With `trackRunningStats`, inference (and a frozen layer) normalizes by the running statistics: means over the batch
 * of the mean and of the unbiased variance of each sample. Without, it is as in training.
 *
 * Errors: ShapeError for one value per channel of each sample, where it would be normalized by itself.
 */
export class InstanceNormalization extends MovingNorm {
  static override readonly className: string = "InstanceNormalization";
  static override readonly options = [...MovingNorm.options, "trackRunningStats"];

  constructor(options: InstanceNormalizationOptions = {}) {
    const { center = false, scale = false, trackRunningStats: tracks = false } = options;
    super({ ...options, center, scale }, InstanceNormalization.options, tracks ? "mean" : undefined);
    checkFlag(this.op, "trackRunningStats", tracks);
  }

  protected override call(x: Tensor, training: boolean): Tensor {
    const { op, axis, epsilon, gamma, beta, runningStats } = this;
    const learns = this.learns(x, training);
    if (runningStats && !learns) {
      return normalizeGiven({ x, axes: [channelAxis(op, axis, x.shape)], epsilon, gamma, beta, ...this.moving() });
    }
    const space = spaceOf(op, x, axis);
    if (runningStats) {
      const { mean, variance } = this.#means(x);
      runningStats.update(mean, variance, x.shape[0]! * space);
    }
    return groupNorm(x, { groups: -1, axis, epsilon, gamma, beta });
  }

  override observe(x: Tensor): Moments {
    const { mean, variance } = this.#means(x);
    return { mean: mean.dataSync(), variance: variance.dataSync(), count: x.size / mean.size };
  }

  /** Over the batch, of the mean and the unbiased variance of each sample. */
  #means(x: Tensor): { mean: Tensor; variance: Tensor } {
    const space = spaceOf(this.op, x, this.axis);
    const { shift, mean, variance } = sampleMoments(x, this.axis);
    return { mean: meanOver(add(shift, mean), 0), variance: meanOver(mul(variance, space / (space - 1)), 0) };
  }

  protected override ownConfig(): Record<string, unknown> {
    return { ...super.ownConfig(), track_running_stats: this.runningStats !== undefined };
  }
}

export function instanceNormalization(options?: InstanceNormalizationOptions): InstanceNormalization {
  return new InstanceNormalization(options);
}
