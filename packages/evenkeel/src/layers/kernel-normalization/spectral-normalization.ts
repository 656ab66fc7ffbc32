import { ArgumentError, valueText } from "../../errors.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { Conv2d } from "../convolutional.ts";
import { Dense } from "../dense.ts";
import { type ExtraState, Layer, type LayerOptions } from "../layer.ts";

export interface SpectralNormalizationOptions extends LayerOptions {
  /** A dense or conv2d layer that is not built. */
  layer: Layer;
  /** In each call in training. Default: 1. */
  powerIterations?: number;
}

/**
 * y = layer(x) with W/σ as its kernel, σ the largest singular value of the kernel W (Miyato et al. 2018): the layer
 * with `kernelNormalization: "spectral"`, in the form of Keras's wrapper. Keras divides the kernel itself by σ in each
 * call in training; here W stays as the optimizer left it, as in PyTorch, and every call divides. There is a `vector_v`
 * beside Keras's `vector_u`, and both start with 15 iterations on the first kernel.
 *
 * Errors: ArgumentError for another layer, and for one that is built or has a `kernelNormalization` already.
 */
export class SpectralNormalization extends Layer {
  static override readonly className: string = "SpectralNormalization";
  static readonly options = ["layer", "powerIterations"];

  override readonly extraState: ExtraState | undefined = undefined;
  /** The layer inside. */
  readonly layer: Dense | Conv2d;

  constructor(options: SpectralNormalizationOptions) {
    super({ inputShape: options.layer?.inputShape, ...options }, SpectralNormalization.options);
    const { layer, powerIterations = 1 } = options;
    if (!(layer instanceof Dense || layer instanceof Conv2d)) {
      throw new ArgumentError(`${this.op}: the layer is ${valueText(layer)}; pass a dense or conv2d layer`);
    }
    layer.normalizeKernel({ type: "spectral", powerIterations });
    this.layer = layer;
    this.extraState = layer.extraState;
    if (!super.trainable) layer.trainable = false;
  }

  override get trainable(): boolean {
    return this.layer.trainable;
  }

  override set trainable(value: boolean) {
    this.layer.trainable = value;
  }

  override get weights(): Variable[] {
    return this.layer.weights;
  }

  override get trainableWeights(): Variable[] {
    return this.layer.trainableWeights;
  }

  override get nonTrainableWeights(): Variable[] {
    return this.layer.nonTrainableWeights;
  }

  protected override createWeights(inputShape: PartialShape): void {
    this.layer.build(inputShape);
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    return this.layer.computeOutputShape(inputShape);
  }

  protected override call(x: Tensor, training: boolean): Tensor {
    return this.layer.apply(x, { training });
  }

  protected override ownConfig(): Record<string, unknown> {
    // Keras does not know the key.
    const { kernel_normalization: normalization, ...config } = this.layer.getConfig();
    const { power_iterations } = normalization as { power_iterations: number };
    return { layer: { ...this.layer.toJSON(), config }, power_iterations };
  }
}

/** The layer inside of a wrapper, or the layer itself. */
export function unwrap(layer: Layer): Layer {
  return layer.constructor === SpectralNormalization ? (layer as SpectralNormalization).layer : layer;
}

/** `spectralNormalization(dense({ units: 8 }))`, or `spectralNormalization({ layer, powerIterations })`. */
export function spectralNormalization(layer: Layer | SpectralNormalizationOptions): SpectralNormalization {
  return new SpectralNormalization(layer instanceof Layer ? { layer } : { ...layer });
}
