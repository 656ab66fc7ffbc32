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

type Stream = Iterable<SamplesLike> & AsyncIterable<SamplesLike>;

export interface FitFeaturesOptions {
  readonly method: InputMethod;
  /** Whether NaN is left out; else it is an error. */
  readonly skipsMissing: boolean;
  /** Splits typed arrays. */
  readonly sampleShape: PartialShape | undefined;
  /** The feature axes of the first batch, of this shape. */
  readonly axesOf: (shape: Shape) => readonly number[];
}

/**
 * One pass over the data: the shape of the first batch, and the values of the layer's weights: the method's two numbers
 * of each feature, and how many values each had, missing ones too.
 */
export async function fitFeatures(
  op: string,
  data: InputData,
  { method, skipsMissing, sampleShape, axesOf }: FitFeaturesOptions,
): Promise<{ shape: Shape; values: Float32Array[] }> {
  let shape: Shape = [];
  let axes: readonly number[] = [];
  let fits: FeatureFit[] | undefined;
  let count = 0;
  const sizes = (of: Shape): Shape => axes.map((axis) => of[axis]!);
  for await (const batch of batchesOf(data)) {
    tidy(() => {
      const x = floatTensor(op, readSamples(op, "the data", batch, sampleShape, "float32"));
      if (fits === undefined) {
        axes = axesOf(x.shape);
        shape = x.shape;
        fits = Array.from({ length: sizeOf(sizes(shape)) }, method.fit);
      } else if (x.rank !== shape.length || !sameShape(sizes(x.shape), sizes(shape))) {
        throw new ShapeError(`${op}: a batch ${shapeText(x.shape)} after ${shapeText(shape)}; keep the features alike`);
      }
      addFeatures(op, fits, method.f(x), axes, skipsMissing);
      count += x.size / fits.length;
    });
  }
  if (fits === undefined) throw new DataError(`${op}: no batches came; pass at least one`);
  const results = fits.map((fit) => fit.result());
  const bad = results.findIndex((numbers) => !numbers.every((number) => Number.isFinite(Math.fround(number))));
  if (bad >= 0) throw new DataError(`${op}: feature ${bad} has no values, or too large ones for float32`);
  const column = (i: number): Float32Array => Float32Array.from(results, (numbers) => numbers[i]!);
  return { shape, values: [column(0), column(1), Float32Array.of(count)] };
}

/** An array of tensors, and what is iterated over, give their batches one by one; all else is one batch. */
async function* batchesOf(data: InputData): AsyncGenerator<SamplesLike> {
  if (!isStream(data)) yield data as SamplesLike;
  else for await (const batch of data) yield Array.isArray(batch) && batch[0] instanceof Tensor ? batch[0] : batch;
}

function isStream(data: InputData): data is Iterable<SamplesLike> | AsyncIterable<SamplesLike> {
  if (Array.isArray(data)) return data[0] instanceof Tensor;
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: later } = Object(data) as Partial<Stream>;
  return !isTypedArray(data) && (sync ?? later) !== undefined;
}

/** Gives each fit its values of x. */
function addFeatures(
  op: string,
  fits: readonly FeatureFit[],
  x: Tensor,
  axes: readonly number[],
  skips: boolean,
): void {
  const rows = transpose(
    x,
    [...axes, ...x.shape.keys()].filter((axis, i, all) => all.indexOf(axis) === i),
  );
  const clean = firstNonFinite(rows) < 0;
  const values = rows.view(op) as Float32Array;
  const length = values.length / fits.length;
  fits.forEach((fit, i) => {
    const row = values.subarray(i * length, (i + 1) * length);
    const present = clean ? row : presentValues(op, row, i, skips);
    if (present.length > 0) fit.add(present);
  });
}

/** The values of feature `i` that are there. */
function presentValues(op: string, row: Float32Array, i: number, skips: boolean): Float32Array {
  const present = skips ? row.filter((value) => !Number.isNaN(value)) : row;
  const bad = present.find((value) => !Number.isFinite(value));
  if (bad === undefined) return present;
  throw new DataError(`${op}: ${bad} in feature ${i}; fill in a number, or say what NaN is by missing: "ignore"`);
}
