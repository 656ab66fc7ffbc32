import { shapeText, ShapeError } from "../../errors.ts";
import { withAxesLast } from "../../ops/axes-last.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { broadcastTo, reshape } from "../../ops/shaping.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TensorLike } from "../../tensor/values.ts";

/**
 * `f` of x as [batch, positions, channels] and its result in the shape of x; the channels may be on any axes but the
 * first.
 */
export function throughColumns(x: Tensor, axes: readonly number[], f: (columns: Tensor) => Tensor): Tensor {
  const channels = sizeOf(axes.map((axis) => x.shape[axis]!));
  const batch = x.shape[0]!;
  const positions = x.size === 0 ? 0 : x.size / batch / channels;
  return withAxesLast(x, axes, (moved) => reshape(f(reshape(moved, [batch, positions, channels])), moved.shape));
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
