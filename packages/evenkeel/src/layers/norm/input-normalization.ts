import { record } from "../../autograd/tape.ts";
import { ArgumentError, checkNumber, DataError, ShapeError, shapeText, valueText } from "../../errors.ts";
import { findName, snakeCase } from "../../keras.ts";
import { add, div, equal, mul, sub } from "../../ops/binary.ts";
import { firstNonFinite } from "../../ops/check.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { broadcastTo, reshape } from "../../ops/shaping.ts";
import { createTensor } from "../../tensor/create.ts";
import { scoped, tidy } from "../../tensor/scope.ts";
import { normalizeAxes, type PartialShape, sameShape, type Shape } from "../../tensor/shape.ts";
import type { NestedArray, Tensor } from "../../tensor/tensor.ts";
import type { TensorLike } from "../../tensor/values.ts";
import { getInitializer } from "../get-initializer.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import { checkFlag } from "../options.ts";
import { fitFeatures, type InputData } from "./adapt.ts";
import { checkAxis } from "./axis.ts";
import { type InputMethod, inputMethod, type InputMethodName, inputMethods } from "./input-methods.ts";

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
   * NaN: "error" in `adapt` (default); "ignore", where `adapt` leaves it out and `apply` keeps it, as scikit-learn does;
   * or "zero", where `adapt` leaves it out and it becomes 0 (the mean or median of its feature), also in a model's data.
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
  readonly #name: InputMethodName;
  readonly #missing: (typeof missings)[number];
  readonly #ranges: { range: readonly [number, number]; quantiles: readonly [number, number] };
  readonly #method: InputMethod;
  readonly #given: { mean: NestedArray; variance: NestedArray } | undefined;
  #fixed: readonly Float32Array[] | undefined;
  #axes: readonly number[] = [];

  constructor(options: NormalizationOptions = {}) {
    super(options, Normalization.options);
    const { op } = this;
    const { axis = -1, range, quantiles, missing = "error", method = "standard" } = options;
    // Keras writes null as [].
    this.#axis = axis === null || (Array.isArray(axis) && axis.length === 0) ? null : checkAxis(op, axis);
    this.#invert = checkFlag(op, "invert", options.invert ?? false);
    this.#name = findName(op, "method", method, inputMethods);
    this.#missing = findName(op, "missing", missing, missings);
    const owners = { range: "minMax", quantiles: "robust", mean: "standard", variance: "standard" } as const;
    for (const [key, owner] of Object.entries(owners)) {
      if (options[key as keyof typeof owners] == null || owner === this.#name) continue;
      throw new ArgumentError(`${op}: ${key} came with the method "${this.#name}"; it is for "${owner}"`);
    }
    this.#ranges = {
      range: checkInterval(op, "range", range ?? [0, 1]),
      quantiles: checkInterval(op, "quantiles", quantiles ?? [0.25, 0.75], 0, 1),
    };
    this.#method = inputMethod(this.#name, this.#ranges);
    this.#given = readGiven(op, options, this.#axis);
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
    const { shape, statistics, count } = await fitFeatures(op, data, {
      method: this.#method,
      skipsMissing: this.#missing !== "error",
      sampleShape: this.inputShape,
      axesOf: (first) => {
        this.computeOutputShape(first);
        return this.#axesOf(first);
      },
    });
    this.build(shape);
    tidy(() => {
      const values = [...statistics, new Float32Array([count])];
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
    if (this.#given === undefined) {
      const [first, second] = this.#method.weights;
      const add = (name: string, initial: string, shape: Shape): unknown =>
        this.addWeight({ name, shape, initializer: getInitializer(this.op, initial), trainable: false });
      add(first, "zeros", shape);
      add(second, "ones", shape);
      add("count", "zeros", []);
    } else {
      this.#fixed = [this.#given.mean, this.#given.variance].map((values) => broadcastTo(values, shape).dataSync());
    }
    this.#axes = axes;
    this.input = { rank: inputShape.length, sizes: new Map(axes.map((axis, i) => [axis, shape[i]!])) };
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    this.#axesOf(inputShape);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    return this.#map(x, this.#invert);
  }

  #axesOf(shape: PartialShape): number[] {
    return this.#axis === null ? [] : normalizeAxes(this.op, this.#axis, shape.length);
  }

  #map(x: Tensor, invert: boolean): Tensor {
    const { f, inverse, offset } = this.#method;
    const shape = x.shape.map((size, axis) => (this.#axes.includes(axis) ? size : 1));
    const [first, second] = this.#statistics().map((values) => reshape(values, shape));
    const scale = this.#method.scale(first!, second!);
    const shift = (y: Tensor, by: number): Tensor => (by === 0 ? y : add(y, by));
    if (invert) {
      const original = add(first!, mul(shift(x, -offset), scale));
      return inverse?.(original) ?? original;
    }
    const y = shift(div(sub(f?.(x) ?? x, first!), scale), offset);
    return this.#missing === "zero" ? zeroMissing(this.op, y) : y;
  }

  /** The method's two numbers of each feature. */
  #statistics(): readonly TensorLike[] {
    if (this.#fixed !== undefined) return this.#fixed;
    const [first, second, count] = this.weights as [Tensor, Tensor, Tensor];
    const holds = (weight: Tensor, number: number): boolean => weight.view(this.op).every((value) => value === number);
    // Keras's files count nothing, but then the others are not where they began.
    if (!holds(count, 0) || !holds(first, 0) || !holds(second, 1)) return [first, second];
    const fix = "await layer.adapt(data) first, or give mean and variance";
    throw new ArgumentError(`${this.op}: ${this.name} has no statistics yet; ${fix}`);
  }

  /** Keras's keys; others only where they are not their defaults. */
  protected override ownConfig(): Record<string, unknown> {
    return {
      axis: this.#axis,
      invert: this.#invert,
      mean: this.#given?.mean ?? null,
      variance: this.#given?.variance ?? null,
      ...(this.#name !== "standard" && { method: snakeCase(this.#name) }),
      ...(this.#name === "minMax" && { range: this.#ranges.range }),
      ...(this.#name === "robust" && { quantiles: this.#ranges.quantiles }),
      ...(this.#missing !== "error" && { missing: this.#missing }),
    };
  }
}

export function normalization(options?: NormalizationOptions): Normalization {
  return new Normalization(options);
}

/** y with 0 for NaN; no gradient flows through those. */
function zeroMissing(op: string, y: Tensor): Tensor {
  if (firstNonFinite(y) < 0) return y;
  const values = y.dataSync().map((value) => (Number.isNaN(value) ? 0 : value));
  const filled = createTensor(op, values, y.shape);
  record({ name: op, inputs: [y], outputs: [filled], adjoint: ([dy]) => [mul(dy!, equal(y, y))] });
  return filled;
}

/** An option of two numbers, the first one smaller. */
function checkInterval(op: string, name: string, pair: unknown, min?: number, max?: number): readonly [number, number] {
  const [low, high] = Array.isArray(pair) && pair.length === 2 ? pair : [];
  if (checkNumber(op, name, low, min, max) < checkNumber(op, name, high, min, max)) return [low, high];
  throw new ArgumentError(`${op}: ${name} is ${valueText(pair)}; use two numbers, the smaller one first`);
}

/** The options mean and variance, once they fit each other. */
function readGiven(
  op: string,
  { mean, variance }: NormalizationOptions,
  axis: number | readonly number[] | null,
): { mean: NestedArray; variance: NestedArray } | undefined {
  if (mean == null && variance == null) return undefined;
  if (mean == null || variance == null) {
    throw new ArgumentError(`${op}: mean and variance go together; pass both, or neither and adapt() it`);
  }
  return tidy(() => {
    const [m, v] = [floatTensor(op, mean), floatTensor(op, variance)];
    const axes = axis === null ? 0 : [axis].flat().length;
    if (!sameShape(m.shape, v.shape) || m.rank > axes) {
      const shapes = `mean is ${shapeText(m.shape)} and variance ${shapeText(v.shape)}`;
      throw new ShapeError(`${op}: ${shapes}; use one shape of rank ${axes} at most, as there are axes`);
    }
    if (firstNonFinite(m) < 0 && v.dataSync().every((value) => value >= 0 && value < Infinity)) {
      return { mean: m.arraySync(), variance: v.arraySync() };
    }
    throw new DataError(`${op}: mean or variance holds NaN, Infinity or a negative variance; use finite numbers`);
  });
}
