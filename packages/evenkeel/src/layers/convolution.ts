import { snakeCase } from "../keras.ts";
import type { FusedActivation } from "../ops/activation.ts";
import { channelsLast, convolve, type Groups } from "../ops/conv.ts";
import { type Product, recordProduct } from "../ops/product.ts";
import { type Pair, pairOf } from "../ops/window.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { type Activation, activationOf, applyActivation } from "./activations.ts";
import type { InitializerLike } from "./get-initializer.ts";
import { KernelLayer, type KernelLayerOptions } from "./kernel-normalization/kernel-layer.ts";
import { checkFlag } from "./options.ts";
import type { PartialShape } from "../tensor/shape.ts";
import { type ImageFormat, imageFormat, paddingOf, slideWindow } from "./spatial.ts";
import { weightOptions, type WeightRules, WeightSettings } from "./weight-settings.ts";

/** What all convolutions take. */
export interface ConvolutionOptions extends KernelLayerOptions, WeightRules<"bias"> {
  /** Height and width of the window, or one number for both. */
  kernelSize: Pair;
  /** Default: 1. */
  strides?: Pair;
  /** "valid" (default) or "same". */
  padding?: string;
  /** "channelsLast" (default) or "channelsFirst". */
  dataFormat?: string | null;
  /** Default: 1. */
  dilationRate?: Pair;
  /** Default: none. */
  activation?: string | null;
  /** Default: true. */
  useBias?: boolean;
  /** Default: "zeros". */
  biasInitializer?: InitializerLike;
}

export const convolutionOptions = [
  "kernelSize",
  "strides",
  "padding",
  "dataFormat",
  "dilationRate",
  "activation",
  "useBias",
  ...weightOptions("bias"),
  "kernelNormalization",
];

/** A window that slides over images, with a kernel, a bias and an activation. */
export abstract class Convolution extends KernelLayer {
  protected readonly kernelSize: readonly [number, number];
  readonly #strides: readonly [number, number];
  readonly #dilations: readonly [number, number];
  readonly #padding: "valid" | "same";
  readonly #format: ImageFormat;
  readonly #activation: Activation;
  readonly #useBias: boolean;
  readonly #settings: { kernel: WeightSettings; bias: WeightSettings };
  #kernel: Variable | undefined;
  #bias: Variable | undefined;

  /** `kernel`: what the options call the kernel, "kernel" or "depthwise". */
  constructor(options: ConvolutionOptions, names: readonly string[], kernel: string) {
    super(options, names);
    const { op } = this;
    this.kernelSize = pairOf(op, "kernelSize", options.kernelSize);
    this.#strides = pairOf(op, "strides", options.strides ?? 1);
    this.#dilations = pairOf(op, "dilationRate", options.dilationRate ?? 1);
    this.#padding = paddingOf(op, options.padding);
    this.#format = imageFormat(op, options.dataFormat);
    this.#activation = activationOf(op, options.activation);
    this.#useBias = checkFlag(op, "useBias", options.useBias ?? true);
    this.#settings = {
      kernel: new WeightSettings(op, kernel, options, "glorotUniform"),
      bias: new WeightSettings(op, "bias", options, "zeros"),
    };
    this.input = { rank: 4, layout: this.#format.axes };
  }

  /** The kernel's shape for images of so many channels. */
  protected abstract kernelShape(channels: number): number[];
  /** Channels of the result. */
  protected abstract filtersFor(channels: number): number;
  /** How the channels are cut. */
  protected abstract readonly groups: Groups;

  protected override createWeights(inputShape: PartialShape): void {
    const { channelAxis } = this.#format;
    const channels = this.knownSize(inputShape, channelAxis);
    this.outputShape(inputShape);
    const { kernel, bias } = this.#settings;
    this.#kernel = this.addWeight({ name: "kernel", shape: this.kernelShape(channels), ...kernel.rules });
    const filters = this.filtersFor(channels);
    if (this.#useBias) this.#bias = this.addWeight({ name: "bias", shape: [filters], ...bias.rules });
    this.attachKernel(this.#kernel, this.#bias, filters);
    this.input = { ...this.input, sizes: new Map([[channelAxis, channels]]) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const window = {
      size: this.kernelSize,
      strides: this.#strides,
      dilations: this.#dilations,
      padding: this.#padding,
    };
    const { channelAxis } = this.#format;
    const shape = slideWindow(this.op, this.#format, inputShape, window);
    return shape.with(channelAxis, this.filtersFor(this.knownSize(inputShape, channelAxis)));
  }

  protected override call(x: Tensor, training: boolean): Tensor {
    const y = channelsLast(this.op, x, this.#format.layout, (image) => recordProduct(this.produce(image, training)));
    return this.#fused === this.#activation ? y : applyActivation(this.#activation, y);
  }

  /** @internal Whether `produce` is all that this layer makes of x. */
  canProduce(_x: Tensor): boolean {
    return this.#fused === this.#activation && this.#format.layout === "NHWC";
  }

  /** @internal The convolution with what of the activation it can do itself, for images with channels last. */
  produce(x: Tensor, training: boolean, constants?: Tensor): Product {
    const { groups } = this;
    const window = { strides: this.#strides, pad: this.#padding, dilations: this.#dilations };
    const options = { ...window, groups, activation: this.#fused };
    const kernel = this.kernelFor(training, (kernel) => convolve(x, kernel, undefined, { ...window, groups }).y);
    return convolve(x, kernel, this.#bias, options, constants);
  }

  get #fused(): FusedActivation {
    return this.#activation === "relu" ? "relu" : "linear";
  }

  protected override ownConfig(): Record<string, unknown> {
    return {
      ...super.ownConfig(),
      kernel_size: this.kernelSize,
      strides: this.#strides,
      padding: this.#padding,
      data_format: snakeCase(this.#format.dataFormat),
      dilation_rate: this.#dilations,
      activation: snakeCase(this.#activation),
      use_bias: this.#useBias,
      ...this.#settings.kernel.getConfig(),
      ...this.#settings.bias.getConfig(),
    };
  }
}
