import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { type ExtraState, Layer, type LayerOptions } from "../layer.ts";
import { getKernelNormalization, type KernelNormalizationLike } from "./get-kernel-normalization.ts";
import type { KernelNormalization, PreActivation } from "./kernel-normalization.ts";

export interface KernelLayerOptions extends LayerOptions {
  /**
   * The kernel that the product takes, of the one that is learned, for each output: "weight" (Salimans and Kingma
   * 2016), "standardized" (Qiao et al. 2019) or "spectral" (Miyato et al. 2018), or `{ type, ...options }`. A
   * regularizer or constraint of the kernel is of the one that is learned. Default: none.
   */
  kernelNormalization?: KernelNormalizationLike | null;
}

/** A layer whose output is x·kernel + bias, the kernel perhaps normalized. */
export abstract class KernelLayer extends Layer {
  override extraState: ExtraState | undefined = undefined;
  #kernel: Variable | undefined;
  #normalization: KernelNormalization | undefined;

  constructor(options: KernelLayerOptions, names: readonly string[]) {
    super(options, names);
    if (options.kernelNormalization != null) this.normalizeKernel(options.kernelNormalization);
  }

  /** @internal Errors: ArgumentError for a layer that is built or normalized already. */
  normalizeKernel(given: KernelNormalizationLike): void {
    if (this.built || this.#normalization) {
      throw new ArgumentError(`${this.op}: ${this.name} is built or normalized already; use a new layer`);
    }
    this.#normalization = getKernelNormalization(this.op, given);
    this.extraState = this.#normalization;
  }

  /** @internal The kernel that the product takes; in training its normalization may move, and look at x. */
  kernelFor(training = false, preActivation: PreActivation = (kernel) => kernel): Tensor {
    return this.#normalization?.apply(training && this.trainable, preActivation) ?? this.#kernel!;
  }

  /** To be called with the kernel and the bias when they are made. */
  protected attachKernel(kernel: Variable, bias: Variable | undefined, outputs: number): void {
    this.#kernel = kernel;
    const { op, name } = this;
    this.#normalization?.attach({ op, name, kernel, bias, outputs, addWeight: (options) => this.addWeight(options) });
  }

  /** The subclass adds its own keys. This one is not Keras's, and only there when it is set. */
  protected override ownConfig(): Record<string, unknown> {
    return { ...(this.#normalization && { kernel_normalization: this.#normalization.toJSON() }) };
  }
}
