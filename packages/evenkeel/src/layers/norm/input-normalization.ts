import { record } from "../../autograd/tape.ts";
import { ArgumentError, checkNumber, valueText } from "../../errors.ts";
import { findName, snakeCase } from "../../keras.ts";
import { add, div, equal, mul, sub } from "../../ops/binary.ts";
import { firstNonFinite } from "../../ops/check.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { broadcastTo, reshape } from "../../ops/shaping.ts";
import { createTensor } from "../../tensor/create.ts";
import { scoped, tidy } from "../../tensor/scope.ts";
import { normalizeAxes, type PartialShape } from "../../tensor/shape.ts";
import type { NestedArray, Tensor } from "../../tensor/tensor.ts";
import type { TensorLike } from "../../tensor/values.ts";
import { getInitializer } from "../get-initializer.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import { checkFlag } from "../options.ts";
import { fitFeatures, type InputData } from "./adapt.ts";
import { checkAxis } from "./axis.ts";
import { type InputMethod, inputMethod, type InputMethodOptions, inputMethods } from "./input-methods.ts";

export interface NormalizationOptions extends LayerOptions {
  /** The feature axis, or several; null: all values are one feature. Default: -1. */
  axis?: number | readonly number[] | null;
  /** Instead of `adapt`, with `variance`: numbers that broadcast to the features. For "standard". */
  mean?: TensorLike | null;
  variance?: TensorLike | null;
  /** `apply` takes normalized values and gives the original ones. Default: false. */
  invert?: boolean;
  /** "standard" (default), "minMax", "robust" or "log". */
  method?: string;
  /** What "minMax" maps the smallest and the largest value to. Default: [0, 1]. */
  range?: readonly [low: number, high: number];
  /** The quantiles whose distance is the scale of "robust". Default: [0.25, 0.75]. */
  quantiles?: readonly [low: number, high: number];
  /**
   * NaN: "error" in `adapt` (default); "ignore": `adapt` leaves it out and `apply` keeps it, as scikit-learn does; or
   * "zero": `adapt` leaves it out and `apply` makes it 0, the mean or median of its feature, also in a model's data.
   */
  missing?: string;
}

const missings = ["error", "ignore", "zero"] as const;

/**
 * y = (x − mean)/max(√variance, 1e-7) with the mean and the biased variance of each feature in the training data, as
 * Keras's Normalization. A constant feature is centred, with scale 1; Keras divides it by 1e-7. By `method`:
 *
 * - "standard": the above.
 * - "log": the same of sign(x)·ln(1 + |x|) in place of x, for features over many orders of magnitude.
 * - "minMax": y = low + (x − min)/(max − min)·(high − low), with `range` = [low, high].
 * - "robust": y = (x − median)/(the distance of two quantiles): few outliers do not move it. Exact for up to 2048
 *   values a feature; then the ranks of the quantiles are off by less than 0.3 % for 10⁶ values, 0.6 % for 10⁹.
 *
 * Features are the indices of `axis`; x has any shape. The statistics come from `adapt`, or from `mean` and `variance`.
 * They are weights, [features] each, which no training changes: "mean" and "variance", "min" and "max", or "median"
 * and "iqr"; and "count", how many values a feature had.
 *
 * It needs no model: `await layer.adapt(x)`, then `layer.apply(x)`, and `layer.inverse(y)` for the way back.
 *
 * Errors: ArgumentError when it is applied before it has statistics.
 */
export class Normalization extends Layer {
  static override readonly className: string = "Normalization";
  static readonly options = ["axis", "mean", "variance", "invert", "method", "range", "quantiles", "missing"];

  readonly #axis: number | readonly number[] | null;
  readonly #invert: boolean;
  readonly #missing: (typeof missings)[number];
  readonly #options: InputMethodOptions;
  readonly #method: InputMethod;
  /** Mean and variance, as they were given; then for each feature. */
  readonly #given: readonly NestedArray[] | undefined;
  #fixed: readonly Float32Array[] | undefined;
  #axes: readonly number[] = [];

  constructor(options: NormalizationOptions = {}) {
    super(options, Normalization.options);
    const { op } = this;
    const { axis = -1, invert = false, method = "standard", missing = "error" } = options;
    // Keras writes null as [].
    this.#axis = axis === null || String(axis) === "" ? null : checkAxis(op, axis);
    this.#invert = checkFlag(op, "invert", invert);
    this.#missing = findName(op, "missing", missing, missings);
    this.#options = {
      method: findName(op, "method", method, inputMethods),
      range: checkInterval(op, "range", options.range ?? [0, 1]),
      quantiles: checkInterval(op, "quantiles", options.quantiles ?? [0.25, 0.75], 0, 1),
    };
    this.#method = inputMethod(this.#options);
    this.#given = readGiven(op, options);
    if (this.#given !== undefined && this.#options.method !== "standard") {
      throw new ArgumentError(`${op}: mean and variance with the method ${valueText(method)}; use "standard"`);
    }
  }

  /** @internal Whether NaN in a model's data is this layer's business. */
  override get takesMissing(): boolean {
    return this.#missing === "zero";
  }

  /**
   * Takes the statistics of `data`, in one pass, in place of those that were there: for training data only. `data`:
   * samples as `fit` takes them, an array of tensors, or batches that come one by one, from a generator or a stream
   * (an async iterable); of a batch [x, y] only x is read. How the data is cut into batches makes no difference. A
   * typed array is cut into samples of the layer's `inputShape`. Tensors stay the caller's to free.
   *
   * Errors (the promise rejects, and nothing has changed): ShapeError; DataError for Infinity, for NaN where `missing`
   * is "error", for a feature without values; ArgumentError when mean and variance were given; what `data` throws.
   */
  async adapt(data: InputData): Promise<void> {
    const op = `${this.op}.adapt`;
    if (this.#given !== undefined) throw new ArgumentError(`${op}: mean and variance were given; leave them out`);
    const { shape, values } = await fitFeatures(op, data, {
      method: this.#method,
      skipsMissing: this.#missing !== "error",
      sampleShape: this.inputShape,
      axesOf: (first) => this.#axesOf(this.computeOutputShape(first)),
    });
    this.build(shape);
    tidy(() => {
      this.weights.forEach((weight, i) => weight.assign(createTensor(op, values[i]!, weight.shape)));
    });
  }

  /** What `apply` makes y of: the original values of normalized predictions, or with `invert` the other way. */
  inverse(y: TensorLike): Tensor {
    return scoped(() => {
      const input = floatTensor(`${this.op}.inverse`, y);
      this.build(input.shape);
      return this.#map(input, !this.#invert);
    });
  }

  protected override createWeights(inputShape: PartialShape): void {
    const axes = this.#axesOf(inputShape);
    const shape = axes.map((axis) => this.knownSize(inputShape, axis));
    this.#fixed = this.#given?.map((values) => broadcastTo(values, shape).dataSync());
    if (this.#fixed === undefined) {
      [...this.#method.weights, "count"].forEach((name, i) => {
        const initializer = getInitializer(this.op, i === 1 ? "ones" : "zeros");
        this.addWeight({ name, shape: i < 2 ? shape : [], initializer, trainable: false });
      });
    }
    this.#axes = axes;
    this.input = { rank: inputShape.length, sizes: new Map(axes.map((axis, i) => [axis, shape[i]!])) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    this.#axesOf(inputShape);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    if (this.#invert || this.#missing !== "zero" || firstNonFinite(x) < 0) return this.#map(x, this.#invert);
    return mul(this.#map(fillMissing(this.op, x), false), equal(x, x));
  }

  #axesOf(shape: PartialShape): number[] {
    return this.#axis === null ? [] : normalizeAxes(this.op, this.#axis, shape.length);
  }

  #map(x: Tensor, invert: boolean): Tensor {
    const { f, inverse, scale, offset } = this.#method;
    const shape = x.shape.map((size, axis) => (this.#axes.includes(axis) ? size : 1));
    const [first, second] = this.#statistics().map((values) => reshape(values, shape)) as [Tensor, Tensor];
    const shift = (values: Tensor, by: number): Tensor => (by === 0 ? values : add(values, by));
    if (invert) return inverse(add(first, mul(shift(x, -offset), scale(first, second))));
    return shift(div(sub(f(x), first), scale(first, second)), offset);
  }

  /** The method's two numbers of each feature. */
  #statistics(): readonly TensorLike[] {
    if (this.#fixed !== undefined) return this.#fixed;
    // Keras's files count nothing, but then the others are not where they began: 0 and 1.
    const fresh = this.weights.every((weight, i) => weight.view(this.op).every((value) => value === i % 2));
    if (!fresh) return this.weights.slice(0, 2);
    throw new ArgumentError(`${this.op}: ${this.name} has no statistics; await adapt(data), or give mean and variance`);
  }

  /** Keras's keys; others only where they are not their defaults. */
  protected override ownConfig(): Record<string, unknown> {
    const { method, ...others } = this.#options;
    return {
      axis: this.#axis,
      invert: this.#invert,
      mean: this.#given?.[0] ?? null,
      variance: this.#given?.[1] ?? null,
      ...(method !== "standard" && { method: snakeCase(method), ...others }),
      ...(this.#missing !== "error" && { missing: this.#missing }),
    };
  }
}

export function normalization(options?: NormalizationOptions): Normalization {
  return new Normalization(options);
}

/** x with 0 for NaN, so that what is multiplied by 0 later is a number, and so is its gradient. */
function fillMissing(op: string, x: Tensor): Tensor {
  const values = x.dataSync().map((value) => (Number.isNaN(value) ? 0 : value));
  const filled = createTensor(op, values, x.shape);
  record({ name: op, inputs: [x], outputs: [filled], adjoint: ([dy]) => [dy] });
  return filled;
}

/** An option of two numbers, the first one smaller. */
function checkInterval(op: string, name: string, pair: unknown, min?: number, max?: number): readonly [number, number] {
  const [low, high, ...more] = [pair].flat() as number[];
  const ascending = checkNumber(op, name, low, min, max) < checkNumber(op, name, high, min, max);
  if (ascending && more.length === 0) return [low!, high!];
  throw new ArgumentError(`${op}: ${name} is ${valueText(pair)}; use two numbers, the smaller one first`);
}

/** The options mean and variance. */
function readGiven(op: string, { mean, variance }: NormalizationOptions): NestedArray[] | undefined {
  if (mean == null && variance == null) return undefined;
  return tidy(() => {
    const given = [mean, variance].map((values) => floatTensor(op, values ?? Number.NaN));
    const valid = given.every((values) => firstNonFinite(values) < 0) && given[1]!.dataSync().every((one) => one >= 0);
    if (valid) return given.map((values) => values.arraySync());
    const came = `mean is ${valueText(mean)} and variance ${valueText(variance)}`;
    throw new ArgumentError(`${op}: ${came}; pass both, finite, no variance below 0`);
  });
}
