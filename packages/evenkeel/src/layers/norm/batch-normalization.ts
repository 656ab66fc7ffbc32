import { ArgumentError, shapeText, ShapeError } from "../../errors.ts";
import { snakeCase } from "../../keras.ts";
import { mul } from "../../ops/binary.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { channelMoments, normalizeBatch, normalizeGiven, readMoments } from "../../ops/norm.ts";
import { normalizationConstants, normalizeProduct } from "../../ops/norm-product.ts";
import type { Affine } from "../../ops/norm-record.ts";
import { type Product, recordProduct } from "../../ops/product.ts";
import { normalizeSamples } from "../../ops/sample-norm.ts";
import { sqrt } from "../../ops/unary.ts";
import { fill } from "../../tensor/create.ts";
import { normalizeAxes, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TensorLike } from "../../tensor/values.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Pooling } from "../pooling.ts";
import { getInitializer } from "../get-initializer.ts";
import { Initializer } from "../initializer.ts";
import { type CallOptions, type ExtraState, type Given, Layer } from "../layer.ts";
import {
  type BatchNormalizationOptions,
  batchNormalizationOptions,
  readOptions,
} from "./batch-normalization-options.ts";
import { countedPositions, throughColumns } from "./columns.ts";
import { Condition } from "./condition.ts";
import { normalizeConditioned, normalizeInTraining } from "./in-training.ts";
import type { Moments } from "./moments.ts";
import { ReferenceBatch } from "./reference-batch.ts";
import { Renorm, withRenorm } from "./renorm.ts";
import { applyReplicas } from "./replicas.ts";
import { RunningStats } from "./running-stats.ts";
import { ScaleAndCenter } from "./scale-and-center.ts";

/**
 * y = γ·(x − mean)/√(variance + ε) + β, per channel (Ioffe and Szegedy 2015). In training, mean and variance are
 * those of the batch (the variance biased, over the m values of a channel), and the running statistics move once;
 * otherwise they are the running statistics (`runningStats`). x: any shape; γ, β, moving_mean, moving_variance:
 * [channels].
 *
 * Backward, with g = dy and sums over a channel: dβ = Σg; dγ = Σ g·x̂; dx = γ·rstd·(g − (Σg + x̂·Σ(g·x̂))/m).
 *
 * As Keras's BatchNormalization: a frozen layer (`trainable = false`) is in inference mode, with `training: true`
 * too. `apply(x, { training, mask })`: the mask has the shape of x without the channels, or sizes of 1; the positions
 * where it is 0 are normalized too, but do not count; where none counts, the running statistics are used, and stay. An
 * empty batch gives an empty result and moves nothing.
 *
 * Errors: ShapeError for one value per channel in training, unless `singleValue` allows it.
 */
export class BatchNormalization extends Layer {
  static override readonly className: string = "BatchNormalization";
  static readonly options = batchNormalizationOptions;

  readonly runningStats: RunningStats;
  override readonly extraState: ExtraState;
  override readonly takes: readonly (keyof Given)[];
  readonly #options: ReturnType<typeof readOptions>;
  readonly #parameters: ScaleAndCenter;
  readonly #moving: { mean: Initializer; variance: Initializer };
  readonly #renorm: Renorm | undefined;
  readonly #reference: ReferenceBatch;
  readonly #condition: Condition | undefined;
  #axes: readonly number[] = [];
  #gamma: Variable | undefined;
  #beta: Variable | undefined;
  #kernels: Affine = {};
  #mean: Variable | undefined;
  #variance: Variable | undefined;

  constructor(given: BatchNormalizationOptions = {}) {
    super(given, batchNormalizationOptions);
    const { op } = this;
    const options = readOptions(op, given);
    this.#options = options;
    this.#parameters = new ScaleAndCenter(op, options);
    this.#moving = {
      mean: getInitializer(op, options.movingMeanInitializer ?? "zeros"),
      variance: getInitializer(op, options.movingVarianceInitializer ?? "ones"),
    };
    this.runningStats = new RunningStats(op, options);
    this.#reference = new ReferenceBatch(this.runningStats);
    if (options.renorm) this.#renorm = new Renorm(op, options);
    if (options.condition != null) this.#condition = new Condition(op, options.condition);
    this.extraState = this.#renorm === undefined ? this.runningStats : withRenorm(this.runningStats, this.#renorm);
    const counts = options.ghostBatchSize === undefined && options.referenceBatch == null;
    this.takes = [...(counts ? ["mask" as const] : []), ...(this.#condition ? ["condition" as const] : [])];
  }

  /** 2 where one sample has one value per channel, and training on it is an error. */
  override smallestBatch(inputShape: PartialShape): number {
    const axes = normalizeAxes(this.op, this.#options.axis, inputShape.length);
    const others = inputShape.filter((_, axis) => axis > 0 && !axes.includes(axis));
    const single = !axes.includes(0) && others.every((size) => size === 1);
    return single && this.trainable && this.#options.singleValue === "error" ? 2 : 1;
  }

  protected override createWeights(inputShape: PartialShape): void {
    const axes = normalizeAxes(this.op, this.#options.axis, inputShape.length);
    const { ghostBatchSize, referenceBatch } = this.#options;
    if (axes.includes(0) && (ghostBatchSize || referenceBatch || this.#condition)) {
      throw new ArgumentError(`${this.op}: axis 0 is the batch, which is to be cut into samples; use other axes`);
    }
    const channels = axes.map((axis) => this.knownSize(inputShape, axis));
    this.#createAffine(channels);
    this.#createStatistics(channels);
    this.#axes = axes;
    this.input = { rank: inputShape.length, sizes: new Map(axes.map((axis, i) => [axis, channels[i]!])) };
    if (referenceBatch != null && typeof referenceBatch !== "boolean") this.#take(referenceBatch);
  }

  #createAffine(channels: readonly number[]): void {
    const { scale, center, gamma, beta } = this.#parameters;
    const shape = [...(this.#condition?.tableShape ?? []), ...channels];
    if (scale) this.#gamma = this.addWeight({ name: "gamma", shape, ...gamma.rules });
    if (center) this.#beta = this.addWeight({ name: "beta", shape, ...beta.rules });
    const features = this.#condition?.kernelShape;
    if (features === undefined) return;
    const kernel = (name: string): Variable =>
      this.addWeight({ name, shape: [...features, ...channels], initializer: getInitializer(this.op, "zeros") });
    this.#kernels = { ...(scale && { gamma: kernel("gamma_kernel") }), ...(center && { beta: kernel("beta_kernel") }) };
  }

  #createStatistics(shape: readonly number[]): void {
    const { mean, variance } = this.#moving;
    const fixed = (name: string, initializer: Initializer): Variable =>
      this.addWeight({ name, shape, initializer, trainable: false });
    this.#mean = fixed("moving_mean", mean);
    this.#variance = fixed("moving_variance", variance);
    const values = { mean: this.#mean, variance: this.#variance };
    if (this.#renorm === undefined) return this.runningStats.attach(values);
    const deviation = new Initializer("", {}, (sizes) => sqrt(variance.make(sizes)));
    const { epsilon } = this.#options;
    this.runningStats.attach({ ...values, deviation: { variable: fixed("moving_stddev", deviation), epsilon } });
    this.#renorm.stats.attach({ mean: fixed("renorm_mean", mean), variance: fixed("renorm_stddev", deviation) });
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    normalizeAxes(this.op, this.#options.axis, inputShape.length);
    return inputShape;
  }

  protected override call(x: Tensor, training: boolean, { mask, condition }: Given): Tensor {
    if (this.#condition === undefined) return this.#normalize(x, training, mask, this.#affine);
    const affine = this.#condition.affine({ ...this.#affine, kernels: this.#kernels }, condition, x.shape[0]!);
    const { epsilon, renorm, ghostBatchSize, referenceBatch } = this.#options;
    const apart = renorm || ghostBatchSize || referenceBatch != null || mask !== undefined;
    if (!apart && this.#usesBatch(x, training)) {
      return throughColumns(x, this.#axes, (all) => normalizeConditioned(all, affine, epsilon, this.runningStats));
    }
    return throughColumns(this.#normalize(x, training, mask, {}), this.#axes, (normalized) =>
      normalizeSamples(normalized, -1, { mean: fill([], 0), ...affine }),
    );
  }

  #normalize(x: Tensor, training: boolean, mask: TensorLike | undefined, affine: Affine): Tensor {
    const options = { x, axes: this.#axes, epsilon: this.#options.epsilon, ...affine };
    const { ghostBatchSize, referenceBatch } = this.#options;
    if (referenceBatch != null && this.#reference.known) return this.#reference.normalize(options);
    const counted = mask === undefined ? undefined : countedPositions(this.op, mask, x.shape, this.#axes);
    if (!this.#usesBatch(x, training, counted?.length)) {
      // A copy of the mean: the backward pass needs the one of now, and training may move it before.
      return normalizeGiven({ ...options, mean: mul(this.#mean!, 1), variance: this.#variance! });
    }
    // What comes first is the reference, and is normalized by itself.
    if (referenceBatch === true && !this.runningStats.frozen) this.#take(x);
    if (referenceBatch != null) return normalizeBatch(options).y;
    const { runningStats } = this;
    return normalizeInTraining(options, { runningStats, renorm: this.#renorm, ghostBatchSize, counted });
  }

  /** Keeps the moments of a reference batch. */
  #take(batch: TensorLike): void {
    const x = floatTensor(this.op, batch);
    this.computeOutputShape(x.shape);
    if (x.size === 0) throw new ShapeError(`${this.op}: the reference batch is ${shapeText(x.shape)}; use samples`);
    this.runningStats.take([this.observe(x)]);
  }

  /** @internal Whether the reference batch is the model's, and passes through it in each step. */
  get followsReference(): boolean {
    const { referenceBatch, condition } = this.#options;
    return referenceBatch === true && condition == null && this.trainable && !this.runningStats.frozen;
  }

  /** @internal The reference batch, normalized by itself; what comes next is normalized by its moments too. */
  refer(x: Tensor): Tensor {
    return this.#reference.refer({ x, axes: this.#axes, epsilon: this.#options.epsilon, ...this.#affine });
  }

  /** Synchronized: the results for the batches of replicas, normalized as one; running statistics move once. */
  applyReplicas(batches: readonly TensorLike[], options?: CallOptions): Tensor[] {
    return applyReplicas(this, batches, options);
  }

  /** @internal Whether training moves the running statistics. */
  get observes(): boolean {
    return this.trainable && !this.runningStats.frozen && this.isAffine;
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
    return normalizeBatch({ x, axes: this.#axes, epsilon: this.#options.epsilon, ...this.#affine }).y;
  }

  /** @internal Whether every sample is normalized alike in inference. */
  get isAffine(): boolean {
    return this.#options.referenceBatch == null && this.#condition === undefined;
  }

  /** @internal Whether `normalizeProduct` is all that this layer does. */
  canFollowProduct(training: boolean): boolean {
    const { renorm, ghostBatchSize } = this.#options;
    const lastAxis = this.#axes.length === 1 && this.#axes[0] === this.input.rank! - 1;
    return lastAxis && this.isAffine && (!training || (!renorm && ghostBatchSize === undefined));
  }

  /**
   * @internal What this layer, and the pooling after it, make of a product that is not recorded yet; `constants` are
   * for its epilogue.
   */
  normalizeProduct(produce: (constants?: Tensor) => Product, training: boolean, pooling?: Pooling): Tensor {
    const pooled = (y: Tensor): Tensor => (pooling === undefined ? y : pooling.pool(y));
    const norm = { gamma: this.#gamma, beta: this.#beta, epsilon: this.#options.epsilon };
    if (!training || !this.trainable) {
      const statistics = { mean: this.#mean!, variance: this.#variance! };
      const constants = normalizationConstants(statistics, norm);
      return pooled(constants === undefined ? this.call(recordProduct(produce()), training, {}) : produce(constants).y);
    }
    const product = produce();
    if (!this.#usesBatch(product.y, training)) return pooled(this.call(recordProduct(product), training, {}));
    const { y, mean, variance, moments } = normalizeProduct(product, norm, pooling?.size);
    const count = this.#elements(product.y);
    this.runningStats.update(mean, variance, count, () => ({ ...readMoments(moments), count }));
    return y;
  }

  get #affine(): Affine {
    return { gamma: this.#gamma, beta: this.#beta };
  }

  /** Values of x for each channel. */
  #elements(x: Tensor): number {
    return x.size / this.#mean!.size;
  }

  /** Whether x is normalized by statistics of its own; `counted`: values per channel that count. */
  #usesBatch(x: Tensor, training: boolean, counted = this.#elements(x)): boolean {
    if (!training || !this.trainable) return false;
    const share = Math.min(1, (this.#options.ghostBatchSize ?? Infinity) / x.shape[0]!);
    return this.#batchCounts(counted * share, x);
  }

  /** Whether a batch of so many values per channel has statistics to normalize by. */
  #batchCounts(elements: number, x: Tensor): boolean {
    if (elements === 0) return false;
    const { singleValue } = this.#options;
    if (elements > 1 || singleValue === "allow") return true;
    if (singleValue === "running") return false;
    const came = `1 value per channel in training (input ${shapeText(x.shape)})`;
    throw new ShapeError(`${this.op}: ${came}; use a batch of 2 or more, or call with training: false`);
  }

  /** Keras's keys; those it does not know only where they are not as Keras has it. */
  protected override ownConfig(): Record<string, unknown> {
    const { momentum, epsilon, zeroDebias, movingVariance, singleValue } = this.#options;
    const { axis, ghostBatchSize, referenceBatch } = this.#options;
    return {
      axis,
      momentum,
      epsilon,
      ...this.#parameters.getConfig(),
      moving_mean_initializer: this.#moving.mean.toJSON(),
      moving_variance_initializer: this.#moving.variance.toJSON(),
      synchronized: false,
      ...this.#renorm?.getConfig(),
      ...(ghostBatchSize !== undefined && { ghost_batch_size: ghostBatchSize }),
      // Its statistics are weights.
      ...(referenceBatch != null && { reference_batch: true }),
      ...(this.#condition && { condition: this.#condition.toJSON() }),
      ...(zeroDebias && { zero_debias: true }),
      ...(movingVariance !== "biased" && { moving_variance: snakeCase(movingVariance) }),
      ...(singleValue !== "error" && { single_value: singleValue }),
    };
  }
}

export function batchNormalization(options?: BatchNormalizationOptions): BatchNormalization {
  return new BatchNormalization(options);
}
