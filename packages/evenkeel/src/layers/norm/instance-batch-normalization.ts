import { checkNumber } from "../../errors.ts";
import { spaceOf } from "../../ops/sample-view.ts";
import { broadcastTo, concat, slice } from "../../ops/shaping.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { MixedNorm, type Moments } from "./mixed-norm.ts";
import { MovingNorm, type MovingNormOptions } from "./moving-norm.ts";

export interface InstanceBatchNormalizationOptions extends MovingNormOptions {
  /** The share of the channels, rounded down, that are normalized by their instance. Default: 0.5. */
  ratio?: number;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β: the first half of the channels by instance normalization, the others by batch
 * normalization (IBN: Pan et al. 2018). x: [batch, …, channels]; γ, β: [channels]; moving_mean, moving_variance:
 * [channels], the variance unbiased as in PyTorch. In inference, and frozen, the other channels are normalized by the
 * running statistics; those of the first half are not used. An empty batch moves nothing.
 *
 * Errors: ShapeError for one value per channel of each sample.
 */
export class InstanceBatchNormalization extends MixedNorm {
  static override readonly className: string = "InstanceBatchNormalization";
  static override readonly options = [...MovingNorm.options, "ratio"];

  readonly #ratio: number;

  constructor(options: InstanceBatchNormalizationOptions = {}) {
    super(options, InstanceBatchNormalization.options, "unbiased");
    this.#ratio = checkNumber(this.op, "ratio", options.ratio ?? 0.5, 0, 1);
  }

  protected override call(x: Tensor, training: boolean): Tensor {
    spaceOf(this.op, x, this.axis);
    return super.call(x, training);
  }

  protected override mix(instance: Moments, batch: Moments): Moments {
    const { shape } = instance.mean;
    const first = Math.floor(shape[1]! * this.#ratio);
    const mixed = (name: keyof Moments): Tensor => {
      const others = slice(broadcastTo(batch[name], shape), [0, first]);
      return concat([slice(instance[name], 0, [-1, first]), others], 1);
    };
    return { mean: mixed("mean"), variance: mixed("variance") };
  }

  protected override ownConfig(): Record<string, unknown> {
    return { ...super.ownConfig(), ratio: this.#ratio };
  }
}

export function instanceBatchNormalization(options?: InstanceBatchNormalizationOptions): InstanceBatchNormalization {
  return new InstanceBatchNormalization(options);
}
