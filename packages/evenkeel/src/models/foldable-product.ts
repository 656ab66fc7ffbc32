import type { Serialized } from "../keras.ts";
import { Conv2d } from "../layers/convolutional.ts";
import { Dense } from "../layers/dense.ts";
import { DepthwiseConv2d } from "../layers/depthwise.ts";
import type { KernelLayer } from "../layers/kernel-normalization/kernel-layer.ts";
import { unwrap } from "../layers/kernel-normalization/spectral-normalization.ts";
import type { Layer } from "../layers/layer.ts";
import { createTensor } from "../tensor/create.ts";
import type { Shape } from "../tensor/shape.ts";
import { tidy } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** y = scale·x + offset, one of each for every index along `axis`. */
export interface Affine {
  readonly axis: number;
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

/** A dense or convolution layer, as far as an affine map before or behind it can go into its weights: in float64. */
export class FoldableProduct {
  readonly #layer: KernelLayer;
  readonly #rank: number;
  readonly #config: Record<string, unknown>;
  readonly #shape: Shape;
  readonly #kernel: Float64Array;
  readonly #bias: Float64Array;
  #hasBias: boolean;

  private constructor(layer: KernelLayer, rank: number) {
    this.#layer = layer;
    this.#rank = rank;
    this.#config = layer.getConfig();
    const [kernel, bias] = layer.weights;
    this.#shape = kernel!.shape;
    this.#kernel = tidy(() => Float64Array.from(layer.kernelFor().dataSync()));
    this.#hasBias = this.#config.use_bias === true;
    this.#bias = this.#hasBias ? Float64Array.from(bias!.dataSync()) : new Float64Array(this.#outputs);
    if (this.#config.kernel_normalization === undefined) return;
    // The kernel is what that made of it.
    delete this.#config.kernel_normalization;
    this.#dropRules();
  }

  /** `rank`: of its input. Layers of the user's own classes are not known. */
  static of(layer: Layer, rank: number): FoldableProduct | undefined {
    const types: unknown[] = [Dense, Conv2d, DepthwiseConv2d];
    const product = unwrap(layer);
    return types.includes(product.constructor) ? new FoldableProduct(product as KernelLayer, rank) : undefined;
  }

  /** y = s·(w·x + b) + t: w ← s·w, b ← s·b + t. False where that is something else. */
  takeAfter({ axis, scale, offset }: Affine): boolean {
    if (this.#config.activation !== "linear" || axis !== this.#channelAxis) return false;
    this.#dropRules();
    const outputs = this.#outputs;
    this.#kernel.forEach((weight, i) => (this.#kernel[i] = weight * scale[i % outputs]!));
    this.#bias.forEach((bias, i) => (this.#bias[i] = bias * scale[i]! + offset[i]!));
    this.#hasBias = true;
    return true;
  }

  /** y = w·(s·x + t) + b: b ← b + Σ w·t, w ← w·s. False where that is something else. */
  takeBefore({ axis, scale, offset }: Affine): boolean {
    const padded = this.#config.padding !== undefined && this.#config.padding !== "valid";
    if (padded || axis !== this.#channelAxis) return false;
    this.#dropRules();
    const outputs = this.#outputs;
    this.#kernel.forEach((weight, i) => {
      const channel = this.#channelOf(i);
      this.#bias[i % outputs]! += weight * offset[channel]!;
      this.#kernel[i] = weight * scale[channel]!;
    });
    this.#hasBias = true;
    return true;
  }

  /** Regularizers and constraints are for the weights as they were: a constraint would undo the scaling. */
  #dropRules(): void {
    for (const key of Object.keys(this.#config)) {
      if (/_(regularizer|constraint)$/.test(key)) this.#config[key] = null;
    }
  }

  /** The layer as it is now. */
  serialize(): Serialized {
    const config = { ...this.#config, use_bias: this.#hasBias };
    return { ...this.#layer.toJSON(), config };
  }

  weights(): Tensor[] {
    const kernel = createTensor("foldBatchNorm", Float32Array.from(this.#kernel), this.#shape);
    const bias = createTensor("foldBatchNorm", Float32Array.from(this.#bias));
    return this.#hasBias ? [kernel, bias] : [kernel];
  }

  /** Channels stand there in x and in y. */
  get #channelAxis(): number {
    return this.#config.data_format === "channels_first" ? 1 : this.#rank - 1;
  }

  get #isDepthwise(): boolean {
    return this.#layer instanceof DepthwiseConv2d;
  }

  /** Filters or units. A depthwise kernel has them on its last two axes. */
  get #outputs(): number {
    const [channels, filters] = this.#shape.slice(-2) as [number, number];
    return this.#isDepthwise ? channels * filters : filters;
  }

  /** The channel of x that a weight is for; those of a group are counted on from the groups before. */
  #channelOf(index: number): number {
    const [channels, filters] = this.#shape.slice(-2) as [number, number];
    const channel = Math.floor(index / filters) % channels;
    const groups = (this.#config.groups as number | undefined) ?? 1;
    return Math.floor(((index % filters) * groups) / filters) * channels + channel;
  }
}
