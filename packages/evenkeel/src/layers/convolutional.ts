import { ArgumentError, checkInteger } from "../errors.ts";
import { Convolution, type ConvolutionOptions, convolutionOptions } from "./convolution.ts";
import type { InitializerLike } from "./get-initializer.ts";
import { weightOptions, type WeightRules } from "./weight-settings.ts";

export interface Conv2dOptions extends ConvolutionOptions, WeightRules<"kernel"> {
  /** Channels of the result. */
  filters: number;
  /** Groups of channels and of filters: filters see the channels of their own group. Default: 1. */
  groups?: number;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerLike;
}

/**
 * y[n, i, j, f] = activation(Σ x[n, i·s + p·d, j·s + q·d, c]·kernel[p, q, c, f] + bias[f]) over p, q, c, with strides
 * s and dilation d; c counts the channels of f's group. x: [batch, height, width, channels]; kernel: [height, width,
 * channels / groups, filters], also with channels first. As Keras's Conv2D.
 */
export class Conv2d extends Convolution {
  static override readonly className: string = "Conv2D";
  static readonly options = ["filters", "groups", ...weightOptions("kernel"), ...convolutionOptions];

  protected readonly groups: number;
  readonly #filters: number;

  constructor(options: Conv2dOptions) {
    super(options, Conv2d.options, "kernel");
    this.#filters = checkInteger(this.op, "filters", options.filters, 1);
    this.groups = checkInteger(this.op, "groups", options.groups ?? 1, 1);
    this.#checkGroups("filters", this.#filters);
  }

  #checkGroups(what: string, size: number): void {
    if (size % this.groups === 0) return;
    throw new ArgumentError(`${this.op}: ${size} ${what} in ${this.groups} groups; use a multiple of ${this.groups}`);
  }

  protected override kernelShape(channels: number): number[] {
    this.#checkGroups("channels", channels);
    return [...this.kernelSize, channels / this.groups, this.#filters];
  }

  protected override filtersFor(): number {
    return this.#filters;
  }

  protected override ownConfig(): Record<string, unknown> {
    return {
      ...super.ownConfig(),
      filters: this.#filters,
      groups: this.groups,
    };
  }
}

export function conv2d(options: Conv2dOptions): Conv2d {
  return new Conv2d(options);
}
