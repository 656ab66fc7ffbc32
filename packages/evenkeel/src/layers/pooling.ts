import { snakeCase } from "../keras.ts";
import { avgPool, maxPool } from "../ops/pool.ts";
import { mean } from "../ops/reduce.ts";
import { type Pair, pairOf } from "../ops/window.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { checkFlag } from "./options.ts";
import type { PartialShape } from "../tensor/shape.ts";
import { type ImageFormat, imageFormat, paddingOf, slideWindow } from "./spatial.ts";

export interface Pooling2dOptions extends LayerOptions {
  /** Height and width of the window, or one number for both. Default: 2. */
  poolSize?: Pair;
  /** Default: `poolSize`. */
  strides?: Pair | null;
  /** "valid" (default) or "same". */
  padding?: string;
  /** "channelsLast" (default) or "channelsFirst". */
  dataFormat?: string | null;
}

/** Max pooling in windows of `size` side by side. */
export interface Pooling {
  readonly size: readonly [number, number];
  readonly pool: (x: Tensor) => Tensor;
}

/** What both poolings share: a window that slides over images. */
abstract class Pooling2d extends Layer {
  static readonly options = ["poolSize", "strides", "padding", "dataFormat"];

  protected readonly poolSize: readonly [number, number];
  protected readonly strides: readonly [number, number];
  protected readonly padding: "valid" | "same";
  protected readonly format: ImageFormat;

  constructor(options: Pooling2dOptions = {}) {
    super(options, Pooling2d.options);
    const { op } = this;
    this.poolSize = pairOf(op, "poolSize", options.poolSize ?? 2);
    this.strides = pairOf(op, "strides", options.strides ?? this.poolSize);
    this.padding = paddingOf(op, options.padding);
    this.format = imageFormat(op, options.dataFormat);
    this.input = { rank: 4, layout: this.format.axes };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const window = { size: this.poolSize, strides: this.strides, padding: this.padding };
    return slideWindow(this.op, this.format, inputShape, window);
  }

  protected override ownConfig(): Record<string, unknown> {
    return {
      pool_size: this.poolSize,
      padding: this.padding,
      strides: this.strides,
      data_format: snakeCase(this.format.dataFormat),
    };
  }
}

/** y = the largest x of each window, per channel; padding never wins. As Keras's MaxPooling2D. */
export class MaxPooling2d extends Pooling2d {
  static override readonly className: string = "MaxPooling2D";

  /** @internal The size of its windows where they lie side by side from the first pixel on, channels last. */
  get tiles(): readonly [number, number] | undefined {
    const sideBySide = this.strides.every((stride, i) => stride === this.poolSize[i]);
    return sideBySide && this.padding === "valid" && this.format.layout === "NHWC" ? this.poolSize : undefined;
  }

  protected override call(x: Tensor): Tensor {
    return maxPool(x, this.poolSize, this.strides, this.padding, this.format.layout);
  }
}

/** y = the mean of each window, per channel; padding is not counted. As Keras's AveragePooling2D. */
export class AveragePooling2d extends Pooling2d {
  static override readonly className: string = "AveragePooling2D";

  protected override call(x: Tensor): Tensor {
    return avgPool(x, this.poolSize, this.strides, this.padding, this.format.layout);
  }
}

export interface GlobalAveragePooling2dOptions extends LayerOptions {
  /** "channelsLast" (default) or "channelsFirst". */
  dataFormat?: string | null;
  /** Leaves height and width with size 1. Default: false. */
  keepDims?: boolean;
}

/** y[n, c] = the mean of x[n, ·, ·, c]. As Keras's GlobalAveragePooling2D. */
export class GlobalAveragePooling2d extends Layer {
  static override readonly className: string = "GlobalAveragePooling2D";
  static readonly options = ["dataFormat", "keepDims"];

  readonly #format: ImageFormat;
  readonly #keepDims: boolean;

  constructor(options: GlobalAveragePooling2dOptions = {}) {
    super(options, GlobalAveragePooling2d.options);
    this.#format = imageFormat(this.op, options.dataFormat);
    this.#keepDims = checkFlag(this.op, "keepDims", options.keepDims ?? false);
    this.input = { rank: 4, layout: this.#format.axes };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const axes = this.#format.spatialAxes;
    if (!this.#keepDims) return inputShape.filter((_, axis) => !axes.includes(axis));
    return inputShape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  }

  protected override call(x: Tensor): Tensor {
    return mean(x, this.#format.spatialAxes, this.#keepDims);
  }

  protected override ownConfig(): Record<string, unknown> {
    return { data_format: snakeCase(this.#format.dataFormat), keepdims: this.#keepDims };
  }
}

export function maxPooling2d(options?: Pooling2dOptions): MaxPooling2d {
  return new MaxPooling2d(options);
}

export function averagePooling2d(options?: Pooling2dOptions): AveragePooling2d {
  return new AveragePooling2d(options);
}

export function globalAveragePooling2d(options?: GlobalAveragePooling2dOptions): GlobalAveragePooling2d {
  return new GlobalAveragePooling2d(options);
}
