import { ArgumentError, ShapeError, shapeText, valueText } from "../errors.ts";
import { snakeCase } from "../keras.ts";
import { reshape as reshapeTensor, transpose } from "../ops/shaping.ts";
import { type PartialShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { type ImageFormat, imageFormat } from "./spatial.ts";

export interface FlattenOptions extends LayerOptions {
  /** With "channelsFirst", the channels are moved last before. Default: "channelsLast". */
  dataFormat?: string | null;
}

/** [batch, a, b, ...] → [batch, a·b·...]; [batch] → [batch, 1]. As Keras's Flatten. */
export class Flatten extends Layer {
  static override readonly className: string = "Flatten";
  static readonly options = ["dataFormat"];

  readonly #format: ImageFormat;

  constructor(options: FlattenOptions = {}) {
    super(options, Flatten.options);
    this.#format = imageFormat(this.op, options.dataFormat);
  }

  protected override outputShape([batch, ...sizes]: PartialShape): PartialShape {
    return [batch!, productOf(sizes)];
  }

  protected override call(x: Tensor): Tensor {
    const [, , ...others] = x.shape.map((_, axis) => axis);
    const last = this.#format.dataFormat === "channelsFirst" && x.rank > 2 ? transpose(x, [0, ...others, 1]) : x;
    return reshapeTensor(last, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
  }

  protected override ownConfig(): Record<string, unknown> {
    return { data_format: snakeCase(this.#format.dataFormat) };
  }
}

export interface ReshapeOptions extends LayerOptions {
  /** Sizes without the batch axis; one of them may be -1: what is left. */
  targetShape: readonly number[];
}

/** [batch, ...] → [batch, ...targetShape], the same values in the same order. As Keras's Reshape. */
export class Reshape extends Layer {
  static override readonly className: string = "Reshape";
  static readonly options = ["targetShape"];

  readonly #target: readonly number[];

  constructor(options: ReshapeOptions) {
    super(options, Reshape.options);
    const target: unknown = options.targetShape;
    const valid =
      Array.isArray(target) && target.every((size) => Number.isSafeInteger(size) && (size > 0 || size === -1));
    if (!valid || target.filter((size) => size === -1).length > 1) {
      const fix = "use integers of at least 1 without the batch axis; one of them may be -1";
      throw new ArgumentError(`${this.op}: targetShape is ${valueText(target)}; ${fix}`);
    }
    this.#target = [...target];
  }

  protected override outputShape([batch, ...sizes]: PartialShape): PartialShape {
    const size = productOf(sizes);
    const given = sizeOf(this.#target.filter((one) => one !== -1));
    const open = this.#target.includes(-1);
    if (size !== null && (open ? size % given !== 0 : size !== given)) {
      const came = `samples ${shapeText(sizes)} of ${size} values`;
      throw new ShapeError(`${this.op}: ${came} do not fill targetShape ${shapeText(this.#target)}; make them equal`);
    }
    const left = size === null ? null : size / given;
    return [batch!, ...this.#target.map((one) => (one === -1 ? left : one))];
  }

  protected override call(x: Tensor): Tensor {
    return reshapeTensor(x, this.outputShape(x.shape) as number[]);
  }

  protected override ownConfig(): Record<string, unknown> {
    return { target_shape: this.#target };
  }
}

function productOf(sizes: PartialShape): number | null {
  return sizes.includes(null) ? null : sizeOf(sizes as number[]);
}

export function flatten(options?: FlattenOptions): Flatten {
  return new Flatten(options);
}

export function reshape(options: ReshapeOptions): Reshape {
  return new Reshape(options);
}
