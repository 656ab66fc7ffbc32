import { add, mul, squaredDifference, sub } from "../../ops/binary.ts";
import { normalizeMixed } from "../../ops/mixed-norm.ts";
import { channelMoments } from "../../ops/norm.ts";
import { mean as meanOver } from "../../ops/reduce.ts";
import { channelAxis } from "../../ops/sample-view.ts";
import { rsqrt } from "../../ops/unary.ts";
import { fill } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Moments as StatisticalMoments } from "./moments.ts";
import { MovingNorm } from "./moving-norm.ts";
import type { RunningStats } from "./running-stats.ts";

export type Moments = Record<"mean" | "variance", Tensor>;

/** What the normalizations share whose moments are made of each instance's and of the batch's. */
export abstract class MixedNorm extends MovingNorm {
  declare readonly runningStats: RunningStats;

  /** From those of the instances, [batch, channels], and of the batch (in inference the running ones), to broadcast. */
  protected abstract mix(instance: Moments, batch: Moments): Moments;

  override observe(x: Tensor): StatisticalMoments {
    const axis = channelAxis(this.op, this.axis, x.shape);
    return { ...channelMoments({ x, axes: [axis] }), count: x.size / x.shape[axis]! };
  }

  protected override call(x: Tensor, training: boolean): Tensor {
    const learns = this.learns(x, training);
    const moving = learns ? undefined : this.moving();
    return normalizeMixed(x, this.axis, this.weights, ({ shift, mean: rest, variance }) => {
      // All means are relative to one number near them: then they may be large against the deviations.
      const near = (moving?.mean ?? shift).view(this.op).find(Number.isFinite);
      const origin = fill([1], near ?? 0);
      const instance = { mean: add(sub(shift, origin), rest), variance };
      const batch = moving ? { ...moving, mean: sub(moving.mean, origin) } : merged(instance, 0);
      if (learns) this.runningStats.update(add(batch.mean, origin), batch.variance, x.size / shift.shape[1]!);
      const mixed = this.mix(instance, batch);
      const rstd = rsqrt(add(mixed.variance, this.epsilon));
      const scale = this.gamma ? mul(rstd, this.gamma) : rstd;
      return { shift: origin, mean: mixed.mean, scale, offset: this.beta };
    });
  }
}

/** The moments of equally large sets that lie along `axis`, as one set: the mean of the variances around its mean. */
export function merged({ mean, variance }: Moments, axis: number): Moments {
  const centre = meanOver(mean, axis, true);
  return { mean: centre, variance: meanOver(add(variance, squaredDifference(mean, centre)), axis, true) };
}
