import { shapeText, ShapeError } from "../../errors.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { broadcastTo, reshape, transpose } from "../../ops/shaping.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TensorLike } from "../../tensor/values.ts";

/**
 * `f` of x as [batch, positions, channels] and its result in the shape of x; the channels may be on any axes but the
 * first.
 */
export function throughColumns(x: Tensor, axes: readonly number[], f: (columns: Tensor) => Tensor): Tensor {
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  const inOrder = order.every((axis, i) => axis === i);
  const moved = inOrder ? x : transpose(x, order);
  const channels = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const batch = x.shape[0]!;
  const positions = x.size === 0 ? 0 : x.size / batch / channels;
  const y = reshape(f(reshape(moved, [batch, positions, channels])), moved.shape);
  const back = order.map((_, axis) => order.indexOf(axis));
  return inOrder ? y : transpose(y, back);
}

/** Where the mask is not 0, in the order of x's positions: all its axes but those of the channels. */
export function countedPositions(op: string, mask: TensorLike, shape: Shape, axes: readonly number[]): Int32Array {
  const wanted = shape.filter((_, axis) => !axes.includes(axis));
  const given = floatTensor(op, mask);
  const fits = given.rank === wanted.length && given.shape.every((size, i) => size === 1 || size === wanted[i]);
  if (!fits) {
    throw new ShapeError(`${op}: the mask is ${shapeText(given.shape)}; use ${shapeText(wanted)}: x without channels`);
  }
  const values = broadcastTo(given, wanted).view(op);
  return Int32Array.from(values.keys()).filter((i) => values[i] !== 0);
}
