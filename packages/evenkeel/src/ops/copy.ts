import { mergeAxes, type Shape, stridesOf } from "../tensor/shape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { writeArguments } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";

/** Where a strided walk over a tensor starts, and its step along each axis, in elements. */
export interface Walk {
  readonly tensor: Tensor;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** The walk over all of a tensor. */
export function whole(tensor: Tensor): Walk {
  return { tensor, offset: 0, strides: stridesOf(tensor.shape) };
}

/** The walk over the box of `tensor` that starts at `begin`. */
export function box(tensor: Tensor, begin: readonly number[]): Walk {
  const strides = stridesOf(tensor.shape);
  return { tensor, strides, offset: begin.reduce((offset, at, i) => offset + at * strides[i]!, 0) };
}

/** Copies `shape` elements from one walk to another: what transposing, slicing, padding and joining have in common. */
export function copy(op: string, shape: Shape, from: Walk, to: Walk): void {
  const { dims, strides } = mergeAxes(shape, from.strides, to.strides);
  const geometry = writeArguments([...dims, ...strides[0]!, ...strides[1]!]);
  const [x, y] = [from, to].map(({ tensor, offset }) => addressOf(op, tensor) + offset * 4);
  kernels.strided_copy(dims.length, geometry, x!, y!);
}

/** A copy whose axis i is axis `order[i]` of x. */
export function transposed(op: string, x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]!);
  const y = allocateTensor(shape, x.dtype);
  const strides = stridesOf(x.shape);
  copy(op, shape, { tensor: x, offset: 0, strides: order.map((axis) => strides[axis]!) }, whole(y));
  return y;
}
