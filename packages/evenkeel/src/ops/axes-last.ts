import type { Tensor } from "../tensor/tensor.ts";
import { transpose } from "./shaping.ts";

/** `f` of x with `axes` at its end, and its result, of the same shape, in the old order. Differentiable as `f` is. */
export function withAxesLast(x: Tensor, axes: readonly number[], f: (x: Tensor) => Tensor): Tensor {
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  if (order.every((axis, i) => axis === i)) return f(x);
  const back = order.map((_, axis) => order.indexOf(axis));
  return transpose(f(transpose(x, order)), back);
}
