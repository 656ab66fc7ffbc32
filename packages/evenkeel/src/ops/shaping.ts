import { record } from "../autograd/tape.ts";
import { ArgumentError, checkInteger, ShapeError, shapeText, unknownName, valueText } from "../errors.ts";
import { toTensor } from "../tensor/create.ts";
import {
  broadcastShapes,
  broadcastStrides,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  type Shape,
  sizeOf,
} from "../tensor/shape.ts";
import { addressOf, allocateTensor, type DataType, shareTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { int32View } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { box, copy, transposed, whole } from "./copy.ts";
import { sumTo } from "./fold.ts";
import { castToFloat } from "./inputs.ts";

function zerosOf(shape: Shape, dtype: DataType): Tensor {
  const result = allocateTensor(shape, dtype);
  kernels.fill(result.size, 0, addressOf("zeros", result));
  return result;
}

/** The same values in another shape; one size may be −1 and is worked out. Shares the memory. */
export function reshape(value: TensorLike, shape: Shape): Tensor {
  const x = toTensor("reshape", value);
  const y = shareTensor("reshape", x, inferShape(x, shape));
  record({ name: "reshape", inputs: [x], outputs: [y], adjoint: ([dy]) => [reshape(dy!, x.shape)] });
  return y;
}

function inferShape(x: Tensor, shape: Shape): number[] {
  if (!Array.isArray(shape))
    throw new ShapeError(`reshape: the shape is ${valueText(shape)}; use an array of integers`);
  const known = sizeOf(shape.filter((size) => size !== -1));
  const result = shape.map((size) => (size === -1 ? x.size / known : size));
  const valid = result.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (valid && sizeOf(result) === x.size && shape.filter((size) => size === -1).length <= 1) return result;
  const wanted = `choose sizes whose product is ${x.size}`;
  throw new ShapeError(`reshape: ${shapeText(x.shape)} to ${shapeText(shape)}; ${wanted}, at most one of them -1`);
}

/** All axes in one. */
export function flatten(value: TensorLike): Tensor {
  return reshape(value, [-1]);
}

/** A new axis of size 1 before `axis`. */
export function expandDims(value: TensorLike, axis = 0): Tensor {
  const x = toTensor("expandDims", value);
  return reshape(x, x.shape.toSpliced(normalizeAxis("expandDims", axis, x.rank + 1), 0, 1));
}

/** Without the named axes of size 1; all such axes by default. */
export function squeeze(value: TensorLike, axis?: number | readonly number[]): Tensor {
  const x = toTensor("squeeze", value);
  const axes = normalizeAxes("squeeze", axis, x.rank);
  const wrong = axis === undefined ? undefined : axes.find((i) => x.shape[i] !== 1);
  if (wrong !== undefined) {
    throw new ShapeError(`squeeze: axis ${wrong} of ${shapeText(x.shape)} is not 1; name only axes of size 1`);
  }
  return reshape(
    x,
    x.shape.filter((size, i) => size !== 1 || !axes.includes(i)),
  );
}

/** Axis i of the result is axis `perm[i]` of x; reversed by default. */
export function transpose(value: TensorLike, perm?: readonly number[]): Tensor {
  const x = toTensor("transpose", value);
  const order = (perm ?? x.shape.map((_, i) => x.rank - 1 - i)).map((i) => normalizeAxis("transpose", i, x.rank));
  if (new Set(order).size !== x.rank) {
    throw new ArgumentError(`transpose: perm ${valueText(perm)} for rank ${x.rank}; name each axis once`);
  }
  const y = transposed("transpose", x, order);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  record({ name: "transpose", inputs: [x], outputs: [y], adjoint: ([dy]) => [transpose(dy!, inverse)] });
  return y;
}

/** x repeated to `shape` by NumPy's rule. */
export function broadcastTo(value: TensorLike, shape: Shape): Tensor {
  const x = toTensor("broadcastTo", value);
  if (!sameShape(broadcastShapes("broadcastTo", x.shape, shape), shape)) {
    throw new ShapeError(`broadcastTo: ${shapeText(x.shape)} to ${shapeText(shape)}; sizes may only grow from 1`);
  }
  const y = allocateTensor([...shape], x.dtype);
  const strides = broadcastStrides(x.shape, shape);
  copy("broadcastTo", shape, { tensor: x, offset: 0, strides }, whole(y));
  record({ name: "broadcastTo", inputs: [x], outputs: [y], adjoint: ([dy]) => [sumTo(x.shape, dy!)] });
  return y;
}

/** The box of `size` (−1: to the end) that starts at `begin`; axes not named are whole. */
export function slice(value: TensorLike, begin: number | readonly number[], size?: number | readonly number[]): Tensor {
  const x = toTensor("slice", value);
  const starts = fillAxes(x, begin, () => 0);
  const sizes = fillAxes(x, size ?? [], () => -1).map((n, i) => (n === -1 ? x.shape[i]! - starts[i]! : n));
  const inside = starts.every((start, i) => start >= 0 && sizes[i]! >= 0 && start + sizes[i]! <= x.shape[i]!);
  if (!inside || ![...starts, ...sizes].every(Number.isInteger)) {
    throw new ShapeError(`slice: ${shapeText(sizes)} from ${shapeText(starts)} of ${shapeText(x.shape)}; stay inside`);
  }
  const y = allocateTensor(sizes, x.dtype);
  copy("slice", sizes, box(x, starts), whole(y));
  record({
    name: "slice",
    inputs: [x],
    outputs: [y],
    adjoint: ([dy]) => {
      const dx = zerosOf(x.shape, "float32");
      copy("slice", sizes, whole(dy!), box(dx, starts));
      return [dx];
    },
  });
  return y;
}

function fillAxes(x: Tensor, values: number | readonly number[], missing: () => number): number[] {
  const given = typeof values === "number" ? [values] : values;
  if (given.length > x.rank) throw new ShapeError(`slice: ${given.length} axes of ${shapeText(x.shape)}; name fewer`);
  return x.shape.map((_, i) => given[i] ?? missing());
}

/** The tensors one after the other along `axis`; their other axes agree. */
export function concat(values: readonly TensorLike[], axis = 0): Tensor {
  const xs = values.map((value) => toTensor("concat", value));
  const first = xs[0];
  if (first === undefined) throw new ArgumentError("concat: no tensors came; pass at least one");
  const at = normalizeAxis("concat", axis, first.rank);
  const others = (x: Tensor): number[] => x.shape.toSpliced(at, 1);
  const odd = xs.find((x) => x.rank !== first.rank || x.dtype !== first.dtype || !sameShape(others(x), others(first)));
  if (odd !== undefined) {
    const shapes = `${odd.dtype} ${shapeText(odd.shape)} beside ${first.dtype} ${shapeText(first.shape)}`;
    throw new ShapeError(`concat: ${shapes} along axis ${at}; make type and all other axes equal`);
  }
  const starts = xs.map((_, i) => first.shape.map((__, k) => (k === at ? lengthOf(xs.slice(0, i), at) : 0)));
  const y = allocateTensor(first.shape.with(at, lengthOf(xs, at)), first.dtype);
  xs.forEach((x, i) => copy("concat", x.shape, whole(x), box(y, starts[i]!)));
  record({
    name: "concat",
    inputs: xs,
    outputs: [y],
    adjoint: ([dy], needs) => xs.map((x, i) => (needs[i] ? slice(dy!, starts[i]!, x.shape) : undefined)),
  });
  return y;
}

function lengthOf(xs: readonly Tensor[], axis: number): number {
  return xs.reduce((length, x) => length + x.shape[axis]!, 0);
}

/** x with `[before, after]` places of `value` added to each axis. */
export function pad(input: TensorLike, paddings: readonly (readonly [number, number])[], value = 0): Tensor {
  const x = toTensor("pad", input);
  if (paddings.length !== x.rank) {
    throw new ShapeError(`pad: ${paddings.length} pairs for ${shapeText(x.shape)}; pass [before, after] for each axis`);
  }
  for (const pair of paddings) pair.forEach((amount) => checkInteger("pad", "padding", amount));
  const begin = paddings.map(([before]) => before);
  const y = allocateTensor(
    x.shape.map((size, i) => size + paddings[i]![0] + paddings[i]![1]),
    x.dtype,
  );
  if (x.dtype === "float32") kernels.fill(y.size, value, addressOf("pad", y));
  else int32View(addressOf("pad", y), y.size).fill(value);
  copy("pad", x.shape, whole(x), box(y, begin));
  record({ name: "pad", inputs: [x], outputs: [y], adjoint: ([dy]) => [slice(dy!, begin, x.shape)] });
  return y;
}

/** x as another dtype: float32 to int32 drops the fraction. No gradient flows. */
export function cast(value: TensorLike, dtype: DataType): Tensor {
  if (dtype !== "float32" && dtype !== "int32") unknownName("cast", "dtype", dtype, ["float32", "int32"]);
  const x = toTensor("cast", value);
  if (x.dtype === dtype) return reshape(x, x.shape);
  if (dtype === "float32") return castToFloat("cast", x);
  const y = allocateTensor(x.shape, "int32");
  kernels.cast_f32_to_i32(x.size, addressOf("cast", x), addressOf("cast", y));
  return y;
}
