import { ArgumentError, checkInteger, checkNumber, shapeText, ShapeError } from "../../errors.ts";
import { add, div, mul } from "../../ops/binary.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { normalizeMixed } from "../../ops/mixed-norm.ts";
import { sampleMoments } from "../../ops/sample-norm.ts";
import { channelAxis, spaceOf } from "../../ops/sample-view.ts";
import { sqrt } from "../../ops/unary.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Given, Layer, type LayerOptions } from "../layer.ts";

export interface AdaptiveInstanceNormalizationOptions extends LayerOptions {
  /** The channel axis, of the style too. Default: -1. */
  axis?: number;
  /** Default: 1e-5. */
  epsilon?: number;
}

/**
 * y = σ(s)·(x − μ(x))/σ(x) + μ(s), called as `apply(x, { condition: s })`: mean and σ = √(variance + ε) over the space
 * of each channel of each sample, variance unbiased (AdaIN: Huang and Belongie 2017, and its code). The style s has the
 * channels of x, its batch or one sample for all, and any space. No weights; differentiable in x and s.
 *
 * Errors: ArgumentError without a style; ShapeError for one that does not fit, or one value per channel of each sample.
 */
export class AdaptiveInstanceNormalization extends Layer {
  static override readonly className: string = "AdaptiveInstanceNormalization";
  static readonly options = ["axis", "epsilon"];

  override readonly takes = ["condition"] as const;
  readonly #axis: number;
  readonly #epsilon: number;

  constructor(options: AdaptiveInstanceNormalizationOptions = {}) {
    super(options, AdaptiveInstanceNormalization.options);
    this.#axis = checkInteger(this.op, "axis", options.axis ?? -1, -Infinity);
    this.#epsilon = checkNumber(this.op, "epsilon", options.epsilon ?? 1e-5, 0);
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    channelAxis(this.op, this.#axis, inputShape);
    return inputShape;
  }

  protected override call(x: Tensor, _training: boolean, { condition }: Given): Tensor {
    const { op } = this;
    if (condition === undefined) throw new ArgumentError(`${op}: no style came; use apply(x, { condition: style })`);
    const style = floatTensor(op, condition);
    const sizesOf = ({ shape }: Tensor): number[] => [shape[0]!, shape[channelAxis(op, this.#axis, shape)]!];
    const [[batch, channels], [styles, depth]] = [sizesOf(x), sizesOf(style)] as [number[], number[]];
    if (depth !== channels || (styles !== 1 && styles !== batch)) {
      const came = `a style ${shapeText(style.shape)} for ${shapeText(x.shape)}`;
      throw new ShapeError(`${op}: ${came}; use one for each sample, or one for all, with the same channels`);
    }
    const space = spaceOf(op, x, this.#axis);
    const wanted = sampleMoments(style, this.#axis);
    const deviation = this.#deviation(wanted.variance, spaceOf(op, style, this.#axis));
    const center = add(wanted.shift, wanted.mean);
    return normalizeMixed(x, this.#axis, [deviation, center], ({ shift, mean, variance }) => {
      return { shift, mean, scale: div(deviation, this.#deviation(variance, space)), offset: center };
    });
  }

  /** √(variance + ε), the variance unbiased. */
  #deviation(variance: Tensor, space: number): Tensor {
    return sqrt(add(mul(variance, space / (space - 1)), this.#epsilon));
  }

  protected override ownConfig(): Record<string, unknown> {
    return { axis: this.#axis, epsilon: this.#epsilon };
  }
}

export function adaptiveInstanceNormalization(
  options?: AdaptiveInstanceNormalizationOptions,
): AdaptiveInstanceNormalization {
  return new AdaptiveInstanceNormalization(options);
}
