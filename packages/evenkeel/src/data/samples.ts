import { ArgumentError, DataError, ShapeError, shapeText, valueText } from "../errors.ts";
import { firstNonFinite } from "../ops/check.ts";
import { createTensor, toTensor } from "../tensor/create.ts";
import { type PartialShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { type DataType, type NestedArray, Tensor } from "../tensor/tensor.ts";
import { isTypedArray, type TensorLike, type TypedArray } from "../tensor/values.ts";

/**
 * What models take as data: a tensor, nested arrays, `{ values, shape }`, or a typed array alone, whose values are
 * split into samples of the shape that the model takes.
 */
export type SamplesLike = TensorLike | { values: TypedArray | NestedArray; shape: Shape };

/**
 * `data` as a tensor whose first axis counts the samples; a tensor stays the one it is. `sampleShape`, where it is
 * known, splits a typed array. `dtype`: of what isn't a tensor yet. `name` is the argument's, for errors.
 *
 * Errors: ShapeError without a sample axis or when the values don't fill whole samples; DataError for no samples, NaN
 * or Infinity, naming the sample.
 */
export function toSamples(
  op: string,
  name: string,
  data: SamplesLike,
  sampleShape?: PartialShape,
  dtype?: DataType,
): Tensor {
  const samples = readSamples(op, name, data, sampleShape, dtype);
  checkFinite(op, name, samples);
  return samples;
}

/** The same without a look at the values. */
export function readSamples(
  op: string,
  name: string,
  data: SamplesLike,
  sampleShape?: PartialShape,
  dtype?: DataType,
): Tensor {
  if (data === undefined || data === null)
    throw new ArgumentError(`${op}: ${name} is ${valueText(data)}; pass the data`);
  const samples = read(`${op}: ${name}`, data, sampleShape, dtype);
  const count = samples.shape[0];
  if (count === undefined) {
    throw new ShapeError(`${op}: ${name} is a single number; pass samples along the first axis`);
  }
  if (samples.size === 0) {
    throw new DataError(`${op}: ${name} is ${shapeText(samples.shape)}, which is empty; pass at least one sample`);
  }
  return samples;
}

function read(op: string, data: SamplesLike, sampleShape?: PartialShape, dtype?: DataType): Tensor {
  if (data instanceof Tensor) return toTensor(op, data);
  if (isTypedArray(data)) return createTensor(op, data, splitShape(op, data.length, sampleShape), dtype);
  if (typeof data === "object" && "values" in data && "shape" in data) {
    return createTensor(op, data.values, data.shape, dtype);
  }
  return createTensor(op, data, undefined, dtype);
}

/** The shape [n, ...sampleShape] for a number of values that fill n samples. */
function splitShape(op: string, length: number, sampleShape?: PartialShape): Shape {
  if (sampleShape === undefined) return [length];
  const sizes = sampleShape.map((size) => {
    if (size !== null) return size;
    throw new ShapeError(
      `${op} is a typed array of ${length}, and a sample ${shapeText(sampleShape)} has no fixed size; ` +
        "pass { values, shape }",
    );
  });
  const size = sizeOf(sizes);
  if (length % size === 0) return [length / size, ...sizes];
  throw new ShapeError(
    `${op} is a typed array of ${length}; a sample ${shapeText(sizes)} takes ${size}: pass a multiple of that`,
  );
}

/** `missing`: NaN is allowed. */
export function checkFinite(op: string, name: string, samples: Tensor, missing = false): void {
  let index = firstNonFinite(samples);
  if (index >= 0 && missing) index = samples.view(op).findIndex((value) => Math.abs(value) === Infinity);
  if (index < 0) return;
  const sample = Math.floor(index / (samples.size / samples.shape[0]!));
  const value = samples.view(op)[index];
  throw new DataError(`${op}: ${name} holds ${value} at sample ${sample}; remove the sample, or fill in a number`);
}
