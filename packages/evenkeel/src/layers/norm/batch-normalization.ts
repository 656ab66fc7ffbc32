import { checkNumber, shapeText, ShapeError } from "../../errors.ts";
import { findName, snakeCase } from "../../keras.ts";
import { mul } from "../../ops/binary.ts";
import { channelMoments, normalizeBatch, normalizeGiven } from "../../ops/norm.ts";
import { type ColumnNorm, normalizationConstants, normalizeProduct } from "../../ops/norm-product.ts";
import { type Product, recordProduct } from "../../ops/product.ts";
import { normalizeAxes, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { getInitializer, type InitializerLike } from "../get-initializer.ts";
import type { Initializer } from "../initializer.ts";
import { type Given, Layer, type LayerOptions } from "../layer.ts";
import { checkFlag } from "../options.ts";
import { checkAxis } from "./axis.ts";
import type { Moments } from "./moments.ts";
import { RunningStats } from "./running-stats.ts";
import { ScaleAndCenter, scaleAndCenterOptions, type ScaleAndCenterOptions } from "./scale-and-center.ts";

export interface BatchNormalizationOptions extends LayerOptions, ScaleAndCenterOptions {
  /** The channel axis, or several; each channel has its own mean and variance. Default: -1. */
  axis?: number | readonly number[];
  /**
   * Weight of the old running value, from 0 to 1; PyTorch's momentum is the weight of the new one, 1 minus this. null
   * is the cumulative average, each batch equal. Default: 0.99.
   */
  momentum?: number | null;
  /** Default: 1e-3. */
  epsilon?: number;
  /** Default: "zeros". */
  movingMeanInitializer?: InitializerLike;
  /** Default: "ones". */
  movingVarianceInitializer?: InitializerLike;
  /** Running statistics that are right from the first batch on; false is Keras's and PyTorch's rule. Default: true. */
  zeroDebias?: boolean;
  /** The variance that is kept: "biased" (default; Σ/m, as Keras) or "unbiased" (Σ/(m − 1), as PyTorch). */
  movingVariance?: string;
  /**
   * One value per channel in training: "error" (default); "allow" (the result is β and the variance 0, as in Keras); or
   * "running" (normalize by the running statistics and leave them).
   */
  singleValue?: string;
  /** "torch" fills in PyTorch's defaults: epsilon 1e-5, momentum 0.9, movingVariance "unbiased". */
  preset?: string;
}

/** Max pooling in windows of `size` side by side. */
export interface Pooling {
  readonly size: readonly [number, number];
  readonly pool: (x: Tensor) => Tensor;
}

const presets = { keras: {}, torch: { epsilon: 1e-5, momentum: 0.9, movingVariance: "unbiased" } };
const movingVariances = ["biased", "unbiased"] as const;
const singleValues = ["error", "allow", "running"] as const;

/**
 * y = γ·(x − mean)/√(variance + ε) + β, per channel (Ioffe and Szegedy 2015). In training, mean and variance are
 * those of the batch (the variance biased, over the m values of a channel), and the running statistics move once;
 * otherwise they are the running statistics (`runningStats`). x: any shape; γ, β, moving_mean, moving_variance:
 * [channels].
 *
 * Backward, with g = dy and sums over a channel: dβ = Σg; dγ = Σ g·x̂; dx = γ·rstd·(g − (Σg + x̂·Σ(g·x̂))/m).
 *
 * As Keras's BatchNormalization: a frozen layer (`trainable = false`) is in inference mode, with `training: true`
 * too. An empty batch gives an empty result and moves nothing.
 *
 * Errors: ShapeError for one value per channel in training, unless `singleValue` allows it.
 */
export class BatchNormalization extends Layer {
  static override readonly className: string = "BatchNormalization";
  static readonly options = [
    "axis",
    "momentum",
    "epsilon",
    ...scaleAndCenterOptions,
    "movingMeanInitializer",
    "movingVarianceInitializer",
    "zeroDebias",
    "movingVariance",
    "singleValue",
    "preset",
  ];

  readonly runningStats: RunningStats;
  override readonly extraState: RunningStats;
  readonly #axis: number | readonly number[];
  readonly #epsilon: number;
  readonly #parameters: ScaleAndCenter;
  readonly #momentum: number | null;
  readonly #zeroDebias: boolean;
  readonly #movingVariance: (typeof movingVariances)[number];
  readonly #singleValue: (typeof singleValues)[number];
  readonly #initializers: Record<"movingMean" | "movingVariance", Initializer>;
  #axes: readonly number[] = [];
  #gamma: Variable | undefined;
  #beta: Variable | undefined;
  #mean: Variable | undefined;
  #variance: Variable | undefined;

  constructor(given: BatchNormalizationOptions = {}) {
    super(given, BatchNormalization.options);
    const { op } = this;
    const preset = presets[findName(op, "preset", given.preset ?? "keras", ["keras", "torch"] as const)];
    const options: BatchNormalizationOptions = { ...preset, ...withoutUndefined(given) };
    const { momentum = 0.99, movingVariance = "biased", singleValue = "error" } = options;
    this.#axis = checkAxis(op, options.axis ?? -1);
    this.#epsilon = checkNumber(op, "epsilon", options.epsilon ?? 1e-3, 0);
    this.#parameters = new ScaleAndCenter(op, options);
    this.#momentum = momentum === null ? null : checkNumber(op, "momentum", momentum, 0, 1);
    this.#zeroDebias = checkFlag(op, "zeroDebias", options.zeroDebias ?? true);
    this.#movingVariance = findName(op, "movingVariance", movingVariance, movingVariances);
    this.#singleValue = findName(op, "singleValue", singleValue, singleValues);
    this.#initializers = {
      movingMean: getInitializer(op, options.movingMeanInitializer ?? "zeros"),
      movingVariance: getInitializer(op, options.movingVarianceInitializer ?? "ones"),
    };
    this.runningStats = new RunningStats(op, {
      momentum: this.#momentum,
      zeroDebias: this.#zeroDebias,
      movingVariance: this.#movingVariance,
    });
    this.extraState = this.runningStats;
  }

  /** 2 where one sample has one value per channel, and training on it is an error. */
  override smallestBatch(inputShape: PartialShape): number {
    const axes = normalizeAxes(this.op, this.#axis, inputShape.length);
    const others = inputShape.filter((_, axis) => axis > 0 && !axes.includes(axis));
    const single = !axes.includes(0) && others.every((size) => size === 1);
    return single && this.trainable && this.#singleValue === "error" ? 2 : 1;
  }

  protected override createWeights(inputShape: PartialShape): void {
    const axes = normalizeAxes(this.op, this.#axis, inputShape.length);
    const shape = axes.map((axis) => this.knownSize(inputShape, axis));
    const { scale, center, gamma, beta } = this.#parameters;
    const { movingMean, movingVariance } = this.#initializers;
    if (scale) this.#gamma = this.addWeight({ name: "gamma", shape, ...gamma.rules });
    if (center) this.#beta = this.addWeight({ name: "beta", shape, ...beta.rules });
    const fixed = { shape, trainable: false };
    this.#mean = this.addWeight({ ...fixed, name: "moving_mean", initializer: movingMean });
    this.#variance = this.addWeight({ ...fixed, name: "moving_variance", initializer: movingVariance });
    this.runningStats.attach(this.#mean, this.#variance);
    this.#axes = axes;
    this.input = { rank: inputShape.length, sizes: new Map(axes.map((axis, i) => [axis, shape[i]!])) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    normalizeAxes(this.op, this.#axis, inputShape.length);
    return inputShape;
  }

  protected override call(x: Tensor, training: boolean, _given: Given): Tensor {
    const options = { x, axes: this.#axes, ...this.#affine };
    if (!this.#usesBatch(x, training)) {
      // A copy of the mean: the backward pass needs the one of now, and training may move it before.
      return normalizeGiven({ ...options, mean: mul(this.#mean!, 1), variance: this.#variance! });
    }
    const { y, mean, variance } = normalizeBatch(options);
    this.runningStats.update(mean, variance, this.#elements(x));
    return y;
  }

  /** @internal Whether training moves the running statistics. */
  get observes(): boolean {
    return this.trainable && !this.runningStats.frozen;
  }

  /** @internal The moments of x in float64; nothing moves. */
  observe(x: Tensor): Moments {
    return { ...channelMoments({ x, axes: this.#axes }), count: this.#elements(x) };
  }

  /** @internal Copies of the values that it normalizes by in inference. */
  values(): { gamma?: Float32Array; beta?: Float32Array; mean: Float32Array; variance: Float32Array } {
    const { mean, variance } = this.runningStats;
    return { gamma: this.#gamma?.dataSync(), beta: this.#beta?.dataSync(), mean, variance };
  }

  /** @internal x normalized by its own statistics; nothing moves. */
  normalizeByItself(x: Tensor): Tensor {
    return normalizeBatch({ x, axes: this.#axes, ...this.#affine }).y;
  }

  /** @internal Whether the channels are the columns of what a dense or convolution layer makes. */
  get normalizesLastAxis(): boolean {
    return this.#axes.length === 1 && this.#axes[0] === this.input.rank! - 1;
  }

  /**
   * @internal What this layer, and the pooling after it, make of a product that is not recorded yet; `constants` are
   * for its epilogue.
   */
  normalizeProduct(produce: (constants?: Tensor) => Product, training: boolean, pooling?: Pooling): Tensor {
    const pooled = (y: Tensor): Tensor => (pooling === undefined ? y : pooling.pool(y));
    if (!training || !this.trainable) {
      const statistics = { mean: this.#mean!, variance: this.#variance! };
      const constants = normalizationConstants(statistics, this.#affine);
      return pooled(constants === undefined ? this.call(recordProduct(produce()), training, {}) : produce(constants).y);
    }
    const product = produce();
    if (!this.#usesBatch(product.y, training)) return pooled(this.call(recordProduct(product), training, {}));
    const { y, mean, variance } = normalizeProduct(product, this.#affine, pooling?.size);
    this.runningStats.update(mean, variance, this.#elements(product.y));
    return y;
  }

  get #affine(): ColumnNorm {
    return { gamma: this.#gamma, beta: this.#beta, epsilon: this.#epsilon };
  }

  /** Values of x for each channel. */
  #elements(x: Tensor): number {
    return x.size / this.#mean!.size;
  }

  /** Whether x is normalized by statistics of its own. */
  #usesBatch(x: Tensor, training: boolean): boolean {
    return training && this.trainable && this.#batchCounts(this.#elements(x), x);
  }

  /** Whether a batch of so many values per channel has statistics to normalize by. */
  #batchCounts(elements: number, x: Tensor): boolean {
    if (elements === 0) return false;
    if (elements > 1 || this.#singleValue === "allow") return true;
    if (this.#singleValue === "running") return false;
    const came = `1 value per channel in training (input ${shapeText(x.shape)})`;
    throw new ShapeError(`${this.op}: ${came}; use a batch of 2 or more, or call with training: false`);
  }

  /** Keras's keys; those it does not know only where they are not as Keras has it. */
  protected override ownConfig(): Record<string, unknown> {
    return {
      axis: this.#axis,
      momentum: this.#momentum,
      epsilon: this.#epsilon,
      ...this.#parameters.getConfig(),
      moving_mean_initializer: this.#initializers.movingMean.toJSON(),
      moving_variance_initializer: this.#initializers.movingVariance.toJSON(),
      synchronized: false,
      ...(this.#zeroDebias && { zero_debias: true }),
      ...(this.#movingVariance !== "biased" && { moving_variance: snakeCase(this.#movingVariance) }),
      ...(this.#singleValue !== "error" && { single_value: this.#singleValue }),
    };
  }
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

export function batchNormalization(options?: BatchNormalizationOptions): BatchNormalization {
  return new BatchNormalization(options);
}
