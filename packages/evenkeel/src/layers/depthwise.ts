import { checkInteger } from "../errors.ts";
import { Convolution, type ConvolutionOptions, convolutionOptions } from "./convolution.ts";
import type { InitializerLike } from "./get-initializer.ts";
import { weightOptions, type WeightRules } from "./weight-settings.ts";

export interface DepthwiseConv2dOptions extends ConvolutionOptions, WeightRules<"depthwise"> {
  /** Filters of each channel. Default: 1. */
  depthMultiplier?: number;
  /** Default: "glorotUniform". */
  depthwiseInitializer?: InitializerLike;
}

/**
 * y[n, i, j, c·m + k] = activation(Σ x[n, i·s + p·d, j·s + q·d, c]·kernel[p, q, c, k] + bias[c·m + k]) over p, q: every
 * channel has m filters of its own. x: [batch, height, width, channels]; kernel: [height, width, channels, m], also
 * with channels first. As Keras's DepthwiseConv2D.
 */
export class DepthwiseConv2d extends Convolution {
  static override readonly className: string = "DepthwiseConv2D";
  static readonly options = ["depthMultiplier", ...weightOptions("depthwise"), ...convolutionOptions];

  protected readonly groups = "depthwise";
  readonly #multiplier: number;

  constructor(options: DepthwiseConv2dOptions) {
    super(options, DepthwiseConv2d.options, "depthwise");
    this.#multiplier = checkInteger(this.op, "depthMultiplier", options.depthMultiplier ?? 1, 1);
  }

  protected override kernelShape(channels: number): number[] {
    return [...this.kernelSize, channels, this.#multiplier];
  }

  protected override filtersFor(channels: number): number {
    return channels * this.#multiplier;
  }

  protected override ownConfig(): Record<string, unknown> {
    return {
      ...super.ownConfig(),
      depth_multiplier: this.#multiplier,
    };
  }
}

export function depthwiseConv2d(options: DepthwiseConv2dOptions): DepthwiseConv2d {
  return new DepthwiseConv2d(options);
}
