import { readSamples, type SamplesLike } from "../../data/samples.ts";
import { DataError, ShapeError, shapeText } from "../../errors.ts";
import { firstNonFinite } from "../../ops/check.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { transpose } from "../../ops/shaping.ts";
import { tidy } from "../../tensor/scope.ts";
import { type PartialShape, sameShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { isTypedArray } from "../../tensor/values.ts";
import type { FeatureFit, InputMethod } from "./input-methods.ts";

/** A batch of a stream: samples, or `[x, y]` of tensors, of which only x is read. */
export type InputBatch = SamplesLike | readonly [Tensor, ...Tensor[]];

/** Samples as `fit` takes them, or batches of them: an array of tensors, or anything that is iterated over. */
export type InputData = SamplesLike | readonly Tensor[] | Iterable<InputBatch> | AsyncIterable<InputBatch>;

export interface FitFeaturesOptions {
  readonly method: InputMethod;
  /** Whether NaN is left out; else it is an error. */
  readonly skipsMissing: boolean;
  /** Splits typed arrays. */
  readonly sampleShape: PartialShape | undefined;
  /** The feature axes of the first batch, of this shape. */
  readonly axesOf: (shape: Shape) => readonly number[];
}

export interface FittedFeatures {
  /** Of the first batch. */
  readonly shape: Shape;
  /** The two numbers of the method, each of all features. */
  readonly statistics: readonly [Float32Array, Float32Array];
  /** Values of each feature, missing ones too. */
  readonly count: number;
}

/** What the method keeps of each feature, from one pass over the data. */
export async function fitFeatures(op: string, data: InputData, options: FitFeaturesOptions): Promise<FittedFeatures> {
  const { method, skipsMissing, sampleShape, axesOf } = options;
  let [shape, axes, count]: [Shape | undefined, readonly number[], number] = [undefined, [], 0];
  let fits: FeatureFit[] = [];
  const sizes = (of: Shape): Shape => axes.map((axis) => of[axis]!);
  for await (const batch of batchesOf(data)) {
    tidy(() => {
      const x = floatTensor(op, readSamples(op, "the data", batch, sampleShape, "float32"));
      if (shape === undefined) {
        [axes, shape] = [axesOf(x.shape), x.shape];
        fits = Array.from({ length: sizeOf(sizes(shape)) }, () => method.fit());
      } else if (x.rank !== shape.length || !sameShape(sizes(x.shape), sizes(shape))) {
        const came = `${shapeText(x.shape)} after ${shapeText(shape)}`;
        throw new ShapeError(`${op}: a batch is ${came}; keep the sizes of axes ${shapeText(axes)}`);
      }
      addRows(op, fits, featureRows(method.f?.(x) ?? x, axes), skipsMissing);
      count += x.size / fits.length;
    });
  }
  if (shape === undefined) throw new DataError(`${op}: no batches came; pass at least one`);
  const results = fits.map((fit) => fit.result());
  const bad = results.findIndex((numbers) => !numbers.every((number) => Number.isFinite(Math.fround(number))));
  if (bad < 0) return { shape, statistics: [column(results, 0), column(results, 1)], count };
  const [first, second] = method.weights;
  throw new DataError(
    `${op}: ${first} and ${second} of feature ${bad} are ${results[bad]!.join(" and ")}; it needs values in the range of float32`,
  );
}

function column(rows: readonly (readonly number[])[], i: number): Float32Array {
  return Float32Array.from(rows, (row) => row[i]!);
}

/** An array of tensors and what is iterated over give their batches one by one; all else is one batch. */
async function* batchesOf(data: InputData): AsyncGenerator<SamplesLike> {
  if (!isStream(data)) yield data as SamplesLike;
  else for await (const batch of data) yield Array.isArray(batch) && batch[0] instanceof Tensor ? batch[0] : batch;
}

function isStream(data: InputData): data is Iterable<SamplesLike> | AsyncIterable<SamplesLike> {
  if (Array.isArray(data)) return data.some((part) => part instanceof Tensor);
  if (typeof data !== "object" || data === null || data instanceof Tensor || isTypedArray(data)) return false;
  return Symbol.iterator in data || Symbol.asyncIterator in data;
}

/** x as [features, values of each]. */
function featureRows(x: Tensor, axes: readonly number[]): Tensor {
  return transpose(x, [...axes, ...x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))]);
}

function addRows(op: string, fits: readonly FeatureFit[], rows: Tensor, skipsMissing: boolean): void {
  const clean = firstNonFinite(rows) < 0;
  const values = rows.view(op) as Float32Array;
  const length = values.length / fits.length;
  fits.forEach((fit, i) => {
    const row = values.subarray(i * length, (i + 1) * length);
    const present = clean ? row : presentValues(op, row, i, skipsMissing);
    if (present.length > 0) fit.add(present);
  });
}

/** The values of feature `i` that are there. */
function presentValues(op: string, row: Float32Array, i: number, skipsMissing: boolean): Float32Array {
  const bad = row.find((value) => !Number.isFinite(value) && !(skipsMissing && Number.isNaN(value)));
  if (bad === undefined) return row.filter((value) => !Number.isNaN(value));
  const fix = Number.isNaN(bad) ? `use missing: "ignore" or "zero"` : "remove it";
  throw new DataError(`${op}: ${bad} in feature ${i}; fill in a number, or ${fix}`);
}
