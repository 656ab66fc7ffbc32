import { ArgumentError, shapeText, ShapeError } from "../errors.ts";
import { normalizeAxis, type PartialShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How the kernels see x when each sample is normalized on its own. */
export type SampleView = readonly [samples: number, outer: number, channels: number, inner: number];

/** The axis of the channels, from the front; it is not that of the batch. */
export function channelAxis(op: string, axis: number, shape: PartialShape): number {
  const found = normalizeAxis(op, axis, shape.length);
  if (found > 0) return found;
  throw new ArgumentError(`${op}: axis 0 of ${shapeText(shape)} is the batch; use that of the channels`);
}

export function sampleView(op: string, { shape }: Tensor, axis: number): SampleView {
  const at = channelAxis(op, axis, shape);
  return [shape[0]!, sizeOf(shape.slice(1, at)), shape[at]!, sizeOf(shape.slice(at + 1))];
}

/** How many values each channel of a sample has; a single one is an error, as it has no deviation. */
export function spaceOf(op: string, x: Tensor, axis: number): number {
  const [, outer, , inner] = sampleView(op, x, axis);
  if (outer * inner !== 1) return outer * inner;
  throw new ShapeError(`${op}: 1 value per channel of each sample (${shapeText(x.shape)}); use 2 or more`);
}
