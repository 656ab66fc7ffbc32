import { checkInteger } from "../errors.ts";
import { snakeCase } from "../keras.ts";
import type { FusedActivation } from "../ops/activation.ts";
import { multiply } from "../ops/matmul.ts";
import { type Product, recordProduct } from "../ops/product.ts";
import { reshape } from "../ops/shaping.ts";
import { type PartialShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { type Activation, activationOf, applyActivation } from "./activations.ts";
import type { InitializerLike } from "./get-initializer.ts";
import { KernelLayer, type KernelLayerOptions } from "./kernel-normalization/kernel-layer.ts";
import { checkFlag } from "./options.ts";
import { weightOptions, type WeightRules, WeightSettings } from "./weight-settings.ts";

export interface DenseOptions extends KernelLayerOptions, WeightRules<"kernel" | "bias"> {
  /** Values of the result. */
  units: number;
  /** Default: none. */
  activation?: string | null;
  /** Default: true. */
  useBias?: boolean;
  /** Default: "glorotUniform". */
  kernelInitializer?: InitializerLike;
  /** Default: "zeros". */
  biasInitializer?: InitializerLike;
}

/**
 * y = activation(x·kernel + bias) over the last axis. x: [batch, ..., inputs]; kernel: [inputs, units]; y: [batch, ...,
 * units]. As Keras's Dense.
 */
export class Dense extends KernelLayer {
  static override readonly className: string = "Dense";
  static readonly options = [
    "units",
    "activation",
    "useBias",
    ...weightOptions("kernel"),
    ...weightOptions("bias"),
    "kernelNormalization",
  ];

  readonly #units: number;
  readonly #activation: Activation;
  readonly #useBias: boolean;
  readonly #settings: { kernel: WeightSettings; bias: WeightSettings };
  #kernel: Variable | undefined;
  #bias: Variable | undefined;

  constructor(options: DenseOptions) {
    super(options, Dense.options);
    const { op } = this;
    this.#units = checkInteger(op, "units", options.units, 1);
    this.#activation = activationOf(op, options.activation);
    this.#useBias = checkFlag(op, "useBias", options.useBias ?? true);
    this.#settings = {
      kernel: new WeightSettings(op, "kernel", options, "glorotUniform"),
      bias: new WeightSettings(op, "bias", options, "zeros"),
    };
    this.input = { minRank: 2, layout: "[batch, ..., inputs]" };
  }

  protected override createWeights(inputShape: PartialShape): void {
    const inputs = this.knownSize(inputShape, -1);
    const { kernel, bias } = this.#settings;
    this.#kernel = this.addWeight({ name: "kernel", shape: [inputs, this.#units], ...kernel.rules });
    if (this.#useBias) this.#bias = this.addWeight({ name: "bias", shape: [this.#units], ...bias.rules });
    this.attachKernel(this.#kernel, this.#bias, this.#units);
    this.input = { ...this.input, sizes: new Map([[-1, inputs]]) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    return [...inputShape.slice(0, -1), this.#units];
  }

  protected override call(x: Tensor, training: boolean): Tensor {
    // One product for all rows, however many axes they are spread over.
    const before = x.shape.slice(0, -1);
    const a = x.rank === 2 ? x : reshape(x, [sizeOf(before), x.shape.at(-1)!]);
    const rows = recordProduct(this.produce(a, training));
    const y = x.rank === 2 ? rows : reshape(rows, [...before, this.#units]);
    return this.#fused === this.#activation ? y : applyActivation(this.#activation, y);
  }

  /** @internal Whether `produce` is all that this layer makes of x. */
  canProduce(x: Tensor): boolean {
    return this.#fused === this.#activation && x.rank === 2;
  }

  /** @internal The product with what of the activation it can do itself, for x [rows, inputs]. */
  produce(x: Tensor, training: boolean, constants?: Tensor): Product {
    const kernel = this.kernelFor(training, (kernel) => multiply(x, kernel, undefined, {}).y);
    return multiply(x, kernel, this.#bias, { activation: this.#fused }, constants);
  }

  get #fused(): FusedActivation {
    return this.#activation === "relu" ? "relu" : "linear";
  }

  protected override ownConfig(): Record<string, unknown> {
    return {
      ...super.ownConfig(),
      units: this.#units,
      activation: snakeCase(this.#activation),
      use_bias: this.#useBias,
      ...this.#settings.kernel.getConfig(),
      ...this.#settings.bias.getConfig(),
    };
  }
}

export function dense(options: DenseOptions): Dense {
  return new Dense(options);
}
