import { ArgumentError, DataError, ShapeError, shapeText, valueText } from "../errors.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { DataType, Tensor } from "./tensor.ts";

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** A number, a typed array, or nested arrays of them. */
export type NestedValues = number | boolean | TypedArray | readonly NestedValues[];

/** What every op and model takes where a tensor is wanted. */
export type TensorLike = Tensor | NestedValues;

/** Flat values with their shape, read from nested or typed arrays. */
export interface Values {
  readonly flat: TypedArray | readonly number[];
  readonly shape: Shape;
  readonly dtype: DataType;
}

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && typeof (value as Uint8Array)[0] !== "bigint";
}

/** float32 for floats and plain arrays, int32 for arrays of integers, as in tfjs. */
export function readValues(op: string, values: unknown): Values {
  if (isTypedArray(values)) {
    const floats = values instanceof Float32Array || values instanceof Float64Array;
    return { flat: values, shape: [values.length], dtype: floats ? "float32" : "int32" };
  }
  const shape: number[] = [];
  for (let part = values; Array.isArray(part) || isTypedArray(part); part = part[0]) shape.push(part.length);
  const flat = new Float64Array(sizeOf(shape));
  const end = flatten(op, values, shape, 0, flat, 0);
  if (end !== flat.length) throw new ShapeError(`${op}: read ${end} of ${flat.length} values; use full nested arrays`);
  return { flat, shape, dtype: "float32" };
}

/** Checks that every value fits into int32. */
export function checkIntegers(op: string, flat: Values["flat"]): void {
  for (let i = 0; i < flat.length; i++) {
    if ((flat[i]! | 0) === flat[i]) continue;
    throw new DataError(`${op}: ${flat[i]} at index ${i} is no int32; round it, or use the dtype "float32"`);
  }
}

function flatten(op: string, values: unknown, shape: Shape, axis: number, flat: Float64Array, at: number): number {
  if (axis === shape.length) {
    if (typeof values !== "number" && typeof values !== "boolean") {
      throw new ArgumentError(`${op}: ${valueText(values)} among the values; use numbers in nested or typed arrays`);
    }
    flat[at] = Number(values);
    return at + 1;
  }
  const length = Array.isArray(values) || isTypedArray(values) ? values.length : undefined;
  if (length !== shape[axis]) {
    const found = length === undefined ? valueText(values) : `an array of ${length}`;
    throw new ShapeError(`${op}: ragged arrays: ${found} where the shape ${shapeText(shape)} has ${shape[axis]}`);
  }
  for (const part of values as Iterable<unknown>) at = flatten(op, part, shape, axis + 1, flat, at);
  return at;
}
