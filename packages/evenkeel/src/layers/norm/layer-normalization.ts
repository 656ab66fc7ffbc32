import { checkNumber } from "../../errors.ts";
import { layerNorm } from "../../ops/layer-norm.ts";
import { batchNorm, moments } from "../../ops/norm.ts";
import { reshape } from "../../ops/shaping.ts";
import { normalizeAxes, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import { checkFlag } from "../options.ts";
import { checkAxis } from "./axis.ts";
import { ScaleAndCenter, scaleAndCenterOptions, type ScaleAndCenterOptions } from "./scale-and-center.ts";

export interface LayerNormalizationOptions extends LayerOptions, ScaleAndCenterOptions {
  /** The axis, or several, whose elements share one mean. Default: -1. */
  axis?: number | readonly number[];
  /** Default: 1e-3. */
  epsilon?: number;
  /**
   * y = γ·x/√(variance + ε): divided by the deviation around the mean, but not centred, with γ and without β, whatever
   * `scale` and `center` say. What Keras's deprecated rms_scaling does; rmsNormalization is not that. Default: false.
   */
  rmsScaling?: boolean;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β, mean and biased variance over the axes of each sample, in training as in
 * inference (Ba, Kiros and Hinton 2016). x: any shape; γ, β: the sizes of the axes. As Keras's LayerNormalization.
 */
export class LayerNormalization extends Layer {
  static override readonly className: string = "LayerNormalization";
  static readonly options = ["axis", "epsilon", "rmsScaling", ...scaleAndCenterOptions];

  readonly #axis: number | readonly number[];
  readonly #epsilon: number;
  readonly #rmsScaling: boolean;
  readonly #parameters: ScaleAndCenter;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;

  constructor(options: LayerNormalizationOptions = {}) {
    super(options, LayerNormalization.options);
    const { op } = this;
    this.#axis = checkAxis(op, options.axis ?? -1);
    this.#epsilon = checkNumber(op, "epsilon", options.epsilon ?? 1e-3, 0);
    this.#rmsScaling = checkFlag(op, "rmsScaling", options.rmsScaling ?? false);
    this.#parameters = new ScaleAndCenter(op, options);
  }

  protected override createWeights(inputShape: PartialShape): void {
    const axes = normalizeAxes(this.op, this.#axis, inputShape.length);
    const shape = axes.map((axis) => this.knownSize(inputShape, axis));
    const { scale, center, gamma, beta } = this.#parameters;
    if (scale || this.#rmsScaling) this.#gamma = this.addWeight({ name: "gamma", shape, ...gamma.rules });
    if (center && !this.#rmsScaling) this.#beta = this.addWeight({ name: "beta", shape, ...beta.rules });
    this.input = { rank: inputShape.length, sizes: new Map(axes.map((axis, i) => [axis, shape[i]!])) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    normalizeAxes(this.op, this.#axis, inputShape.length);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    if (this.#rmsScaling) {
      const axes = normalizeAxes(this.op, this.#axis, x.rank);
      const { variance } = moments(x, axes, true);
      const sizes = x.shape.map((size, i) => (axes.includes(i) ? size : 1));
      return batchNorm(x, 0, variance, undefined, reshape(this.#gamma!, sizes), this.#epsilon);
    }
    return layerNorm(x, { axis: this.#axis, epsilon: this.#epsilon, gamma: this.#gamma, beta: this.#beta });
  }

  protected override ownConfig(): Record<string, unknown> {
    return { axis: this.#axis, epsilon: this.#epsilon, ...this.#parameters.getConfig(), rms_scaling: this.#rmsScaling };
  }
}

export function layerNormalization(options?: LayerNormalizationOptions): LayerNormalization {
  return new LayerNormalization(options);
}
