import { checkInteger } from "../../errors.ts";
import { groupNorm, groupsOf } from "../../ops/group-norm.ts";
import { channelAxis } from "../../ops/sample-view.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ChannelNorm, type ChannelNormOptions } from "./channel-norm.ts";

export interface GroupNormalizationOptions extends ChannelNormOptions {
  /** Groups of channels, a divisor of their number; -1 makes each channel one (instance normalization). Default: 32. */
  groups?: number;
  /** Default: 1e-3. */
  epsilon?: number;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β, mean and biased variance over each group of neighbouring channels and all other
 * axes of each sample, in training as in inference (Wu and He 2018). x: [batch, …, channels]; γ, β: [channels]. As
 * Keras's GroupNormalization. Errors: ShapeError where the groups do not divide the channels.
 */
export class GroupNormalization extends ChannelNorm {
  static override readonly className: string = "GroupNormalization";
  static override readonly options = ["groups", ...ChannelNorm.options];

  readonly #groups: number;

  constructor(options: GroupNormalizationOptions = {}) {
    super(options, GroupNormalization.options, 1e-3);
    const { groups = 32 } = options;
    this.#groups = groups === -1 ? -1 : checkInteger(this.op, "groups", groups, 1);
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const channels = inputShape[channelAxis(this.op, this.axis, inputShape)];
    if (channels !== null) groupsOf(this.op, this.#groups, channels!);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    const { axis, epsilon, gamma, beta } = this;
    return groupNorm(x, { groups: this.#groups, axis, epsilon, gamma, beta });
  }

  protected override ownConfig(): Record<string, unknown> {
    return { groups: this.#groups, ...super.ownConfig() };
  }
}

export function groupNormalization(options?: GroupNormalizationOptions): GroupNormalization {
  return new GroupNormalization(options);
}
