import { ArgumentError, ShapeError, shapeText, unknownName, valueText } from "../errors.ts";
import { float32View, int32View } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";
import { addressOf, allocateTensor, type DataType, Tensor } from "./tensor.ts";
import { checkIntegers, readValues, type TensorLike, type Values } from "./values.ts";

/**
 * A tensor with a copy of `values`: a number, nested arrays, or a typed array with its `shape`. `dtype` defaults to
 * "float32"; integer typed arrays become "int32", as in tfjs. Float64 values are rounded to float32.
 *
 * Errors: ShapeError when the values don't fill `shape` or nested arrays are ragged; DataError when "int32" is asked
 * for and a value isn't one.
 */
export function tensor(values: TensorLike, shape?: Shape, dtype?: DataType): Tensor {
  return createTensor("tensor", values, shape, dtype);
}

/** A tensor of rank 0. */
export function scalar(value: number, dtype?: DataType): Tensor {
  if (typeof value !== "number") throw new ArgumentError(`scalar: ${valueText(value)}; use a number`);
  return createTensor("scalar", value, [], dtype);
}

/** `value` in every place. Default dtype: "float32". */
export function fill(shape: Shape, value: number, dtype: DataType = "float32"): Tensor {
  return filled("fill", shape, value, dtype);
}

export function zeros(shape: Shape, dtype: DataType = "float32"): Tensor {
  return filled("zeros", shape, 0, dtype);
}

export function ones(shape: Shape, dtype: DataType = "float32"): Tensor {
  return filled("ones", shape, 1, dtype);
}

export function zerosLike(x: Tensor): Tensor {
  return filled("zerosLike", x.shape, 0, x.dtype);
}

export function onesLike(x: Tensor): Tensor {
  return filled("onesLike", x.shape, 1, x.dtype);
}

/** a + b of one size, in the shape of a: how gradients meet. Not recorded. */
export function sumOf(op: string, a: Tensor, b: Tensor): Tensor {
  const sum = allocateTensor(a.shape);
  const address = addressOf(op, sum);
  kernels.scale(sum.size, 1, addressOf(op, a), address);
  kernels.add_assign(sum.size, addressOf(op, b), address);
  return sum;
}

/** `value` itself when it is a live tensor, else a tensor made of it. */
export function toTensor(op: string, value: TensorLike, dtype?: DataType): Tensor {
  if (!(value instanceof Tensor)) return createTensor(op, value, undefined, dtype);
  value.storage(op);
  return value;
}

/** `tensor`, with errors in the name of `op`. */
export function createTensor(op: string, values: TensorLike, shape?: Shape, dtype?: DataType): Tensor {
  if (values instanceof Tensor) {
    throw new ArgumentError(`${op}: the values are a tensor already; use reshape() or cast() to change it`);
  }
  const read = readValues(op, values);
  const wanted = shape === undefined ? read.shape : [...checkShape(op, shape)];
  if (sizeOf(wanted) !== read.flat.length) {
    const came = `${read.flat.length} values`;
    throw new ShapeError(`${op}: ${came} for the shape ${shapeText(wanted)}, which holds ${sizeOf(wanted)}`);
  }
  return write(op, read, wanted, checkDataType(op, dtype ?? read.dtype));
}

function write(op: string, read: Values, shape: Shape, dtype: DataType): Tensor {
  const exact = read.flat instanceof Int8Array || read.flat instanceof Uint8Array || read.flat instanceof Int32Array;
  if (dtype === "int32" && !exact) checkIntegers(op, read.flat);
  const result = allocateTensor(shape, dtype);
  const view = dtype === "float32" ? float32View : int32View;
  view(addressOf(op, result), result.size).set(read.flat);
  return result;
}

function filled(op: string, shape: Shape, value: number, dtype: DataType): Tensor {
  checkDataType(op, dtype);
  if (typeof value !== "number") throw new ArgumentError(`${op}: the value is ${valueText(value)}; use a number`);
  if (dtype === "int32") checkIntegers(op, [value]);
  const result = allocateTensor([...checkShape(op, shape)], dtype);
  if (dtype === "float32") kernels.fill(result.size, value, addressOf(op, result));
  else int32View(addressOf(op, result), result.size).fill(value);
  return result;
}

function checkDataType(op: string, dtype: DataType): DataType {
  if (dtype !== "float32" && dtype !== "int32") unknownName(op, "dtype", dtype, ["float32", "int32"]);
  return dtype;
}
