import { checkNumber } from "../../errors.ts";
import { rmsNorm } from "../../ops/layer-norm.ts";
import { normalizeAxes, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { getInitializer } from "../get-initializer.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import { checkAxis } from "./axis.ts";

export interface RmsNormalizationOptions extends LayerOptions {
  /** The axis, or several, over which the mean of squares is taken. Default: -1. */
  axis?: number | readonly number[];
  /** Default: 1e-6. */
  epsilon?: number;
}

/**
 * y = scale·x/√(mean x² + ε), the mean over the axes of each sample: no centring, no β (Zhang and Sennrich 2019). x:
 * any shape; scale: the sizes of the axes, 1 at first. As Keras's RMSNormalization.
 */
export class RmsNormalization extends Layer {
  static override readonly className: string = "RMSNormalization";
  static readonly options = ["axis", "epsilon"];

  readonly #axis: number | readonly number[];
  readonly #epsilon: number;
  #scale: Variable | undefined;

  constructor(options: RmsNormalizationOptions = {}) {
    super(options, RmsNormalization.options);
    this.#axis = checkAxis(this.op, options.axis ?? -1);
    this.#epsilon = checkNumber(this.op, "epsilon", options.epsilon ?? 1e-6, 0);
  }

  protected override createWeights(inputShape: PartialShape): void {
    const axes = normalizeAxes(this.op, this.#axis, inputShape.length);
    const shape = axes.map((axis) => this.knownSize(inputShape, axis));
    this.#scale = this.addWeight({ name: "scale", shape, initializer: getInitializer(this.op, "ones") });
    this.input = { rank: inputShape.length, sizes: new Map(axes.map((axis, i) => [axis, shape[i]!])) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    normalizeAxes(this.op, this.#axis, inputShape.length);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    return rmsNorm(x, { axis: this.#axis, epsilon: this.#epsilon, gamma: this.#scale });
  }

  protected override ownConfig(): Record<string, unknown> {
    return { axis: this.#axis, epsilon: this.#epsilon };
  }
}

export function rmsNormalization(options?: RmsNormalizationOptions): RmsNormalization {
  return new RmsNormalization(options);
}
