import { ArgumentError, checkInteger, checkNumber, shapeText } from "../../errors.ts";
import { groupNorm, groupsOf } from "../../ops/group-norm.ts";
import { normalizeAxis, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import { ScaleAndCenter, scaleAndCenterOptions, type ScaleAndCenterOptions } from "./scale-and-center.ts";

export interface GroupNormalizationOptions extends LayerOptions, ScaleAndCenterOptions {
  /** Groups of channels, a divisor of their number; -1 makes each channel one (instance normalization). Default: 32. */
  groups?: number;
  /** The channel axis. Default: -1. */
  axis?: number;
  /** Default: 1e-3. */
  epsilon?: number;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β, mean and biased variance over each group of neighbouring channels and all other
 * axes of each sample, in training as in inference (Wu and He 2018). x: [batch, …, channels]; γ, β: [channels]. As
 * Keras's GroupNormalization. Errors: ShapeError where the groups do not divide the channels.
 */
export class GroupNormalization extends Layer {
  static override readonly className: string = "GroupNormalization";
  static readonly options = ["groups", "axis", "epsilon", ...scaleAndCenterOptions];

  readonly #groups: number;
  readonly #axis: number;
  readonly #epsilon: number;
  readonly #parameters: ScaleAndCenter;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;

  constructor(options: GroupNormalizationOptions = {}) {
    super(options, GroupNormalization.options);
    const { op } = this;
    const { groups = 32, axis = -1 } = options;
    this.#groups = groups === -1 ? -1 : checkInteger(op, "groups", groups, 1);
    this.#axis = checkInteger(op, "axis", axis, -Infinity);
    this.#epsilon = checkNumber(op, "epsilon", options.epsilon ?? 1e-3, 0);
    this.#parameters = new ScaleAndCenter(op, options);
    this.input = { minRank: 2 };
  }

  protected override createWeights(inputShape: PartialShape): void {
    this.outputShape(inputShape);
    const axis = normalizeAxis(this.op, this.#axis, inputShape.length);
    const channels = this.knownSize(inputShape, axis);
    const shape = [channels];
    const { scale, center, gamma, beta } = this.#parameters;
    if (scale) this.#gamma = this.addWeight({ name: "gamma", shape, ...gamma.rules });
    if (center) this.#beta = this.addWeight({ name: "beta", shape, ...beta.rules });
    this.input = { rank: inputShape.length, sizes: new Map([[axis, channels]]) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const axis = normalizeAxis(this.op, this.#axis, inputShape.length);
    if (axis === 0) {
      throw new ArgumentError(`${this.op}: axis 0 of ${shapeText(inputShape)} is the batch; use that of the channels`);
    }
    const channels = inputShape[axis];
    if (channels !== null) groupsOf(this.op, this.#groups, channels!);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    const { gamma, beta } = { gamma: this.#gamma, beta: this.#beta };
    return groupNorm(x, { groups: this.#groups, axis: this.#axis, epsilon: this.#epsilon, gamma, beta });
  }

  protected override ownConfig(): Record<string, unknown> {
    return { groups: this.#groups, axis: this.#axis, epsilon: this.#epsilon, ...this.#parameters.getConfig() };
  }
}

export function groupNormalization(options?: GroupNormalizationOptions): GroupNormalization {
  return new GroupNormalization(options);
}
