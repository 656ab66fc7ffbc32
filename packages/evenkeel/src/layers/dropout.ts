import { checkInteger, checkNumber, ShapeError, shapeText } from "../errors.ts";
import { greaterEqual, mul } from "../ops/binary.ts";
import { reshape } from "../ops/shaping.ts";
import { nextSeed, RandomStream, type RandomState } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type ExtraState, Layer, type LayerOptions } from "./layer.ts";
import { checkPartialShape } from "./options.ts";
import type { PartialShape } from "../tensor/shape.ts";

export interface DropoutOptions extends LayerOptions {
  /** The share of values that become 0, from 0 to 1. */
  rate: number;
  /** Sizes of the mask, null as in the input; an axis of 1 is dropped or kept as a whole. Default: the input's. */
  noiseShape?: PartialShape | null;
  /** Default: drawn from the default stream, which `setSeed` fixes. */
  seed?: number | null;
}

/**
 * y = x·b/(1 − rate) in training, where each b is 0 with probability `rate`, else 1; y = x otherwise (Srivastava et al.
 * 2014). The layer has a random stream of its own; a checkpoint carries it. As Keras's Dropout.
 */
export class Dropout extends Layer {
  static override readonly className: string = "Dropout";
  static readonly options = ["rate", "noiseShape", "seed"];

  override readonly extraState: ExtraState<RandomState>;
  readonly #rate: number;
  readonly #noiseShape: PartialShape | null;
  readonly #seed: number | null;
  readonly #stream: RandomStream;

  constructor(options: DropoutOptions) {
    super(options, Dropout.options);
    const { op } = this;
    this.#rate = checkNumber(op, "rate", options.rate, 0, 1);
    this.#noiseShape = options.noiseShape == null ? null : checkPartialShape(op, "noiseShape", options.noiseShape);
    this.#seed = options.seed == null ? null : checkInteger(op, "seed", options.seed);
    this.#stream = new RandomStream(this.#seed ?? nextSeed());
    this.extraState = streamState(this.#stream);
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    return inputShape;
  }

  protected override call(x: Tensor, training: boolean): Tensor {
    if (!training || this.#rate === 0) return reshape(x, x.shape);
    if (this.#rate === 1) return mul(x, 0);
    const kept = greaterEqual(this.#stream.uniform(this.#maskShape(x)), this.#rate);
    return mul(x, mul(kept, 1 / (1 - this.#rate)));
  }

  #maskShape({ shape }: Tensor): readonly number[] {
    const noise = this.#noiseShape;
    if (noise === null) return shape;
    const mask = noise.map((size, axis) => size ?? shape[axis]!);
    if (noise.length === shape.length && mask.every((size, axis) => size === 1 || size === shape[axis])) return mask;
    const wanted = "use the same rank, each size 1, null or the input's";
    throw new ShapeError(`${this.op}: noiseShape ${shapeText(noise)} for an input ${shapeText(shape)}; ${wanted}`);
  }

  protected override ownConfig(): Record<string, unknown> {
    return { rate: this.#rate, seed: this.#seed, noise_shape: this.#noiseShape };
  }
}

function streamState(stream: RandomStream): ExtraState<RandomState> {
  return {
    getState: () => stream.state,
    setState: (state) => (stream.state = state as RandomState),
    snapshot: () => stream.state,
    restore: (state) => (stream.state = state),
  };
}

export function dropout(options: DropoutOptions): Dropout {
  return new Dropout(options);
}
