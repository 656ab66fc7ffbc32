import { checkInteger } from "../../errors.ts";
import { withAxesLast } from "../../ops/axes-last.ts";
import { localResponseNormalization as localResponse, readLocalResponse } from "../../ops/local-response.ts";
import { normalizeAxis, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Layer, type LayerOptions } from "../layer.ts";

export interface LocalResponseNormalizationOptions extends LayerOptions {
  /** How many channels on each side count. Default: 5. */
  depthRadius?: number;
  /** What is added to the sum. Default: 1. */
  bias?: number;
  /** The factor α of the sum. Default: 1. */
  alpha?: number;
  /** The exponent. Default: 0.5. */
  beta?: number;
  /** The channel axis. Default: -1. */
  axis?: number;
}

/**
 * y = x/(bias + α·Σ x²)^β, the sum over the channels at most `depthRadius` away, at the ends over those that are there
 * (Krizhevsky, Sutskever and Hinton 2012). x: any shape. No weights. As `tf.nn.local_response_normalization`.
 *
 * PyTorch divides its α by the size: `LocalResponseNorm(size, alpha, beta, k)` is { depthRadius: (size − 1)/2, alpha:
 * alpha/size, beta, bias: k, axis: 1 }, with its defaults alpha 1e-4, beta 0.75 and k 1.
 */
export class LocalResponseNormalization extends Layer {
  static override readonly className: string = "LocalResponseNormalization";
  static readonly options = ["depthRadius", "bias", "alpha", "beta", "axis"];

  readonly #response: ReturnType<typeof readLocalResponse>;
  readonly #axis: number;

  constructor(options: LocalResponseNormalizationOptions = {}) {
    super(options, LocalResponseNormalization.options);
    const { depthRadius, bias, alpha, beta, axis = -1 } = options;
    this.#response = readLocalResponse(this.op, depthRadius, bias, alpha, beta);
    this.#axis = checkInteger(this.op, "axis", axis, -Infinity);
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    normalizeAxis(this.op, this.#axis, inputShape.length);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    const axis = normalizeAxis(this.op, this.#axis, x.rank);
    return withAxesLast(x, [axis], (moved) => localResponse(moved, ...this.#response));
  }

  protected override ownConfig(): Record<string, unknown> {
    const [depthRadius, bias, alpha, beta] = this.#response;
    return { depth_radius: depthRadius, bias, alpha, beta, axis: this.#axis };
  }
}

export function localResponseNormalization(options?: LocalResponseNormalizationOptions): LocalResponseNormalization {
  return new LocalResponseNormalization(options);
}
