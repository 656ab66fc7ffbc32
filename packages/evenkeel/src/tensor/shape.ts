import { ArgumentError, ShapeError, shapeText, valueText } from "../errors.ts";

/** Sizes of the axes, outermost first (row-major). */
export type Shape = readonly number[];

/** Sizes of one sample or of a batch; null where any size will do. */
export type PartialShape = readonly (number | null)[];

export function sizeOf(shape: Shape): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

export function checkShape(op: string, shape: unknown): Shape {
  const valid = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!valid) throw new ShapeError(`${op}: shape is ${valueText(shape)}; use an array of integers of at least 0`);
  return shape as number[];
}

/** The axis counted from the front; negative axes count from the back. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new ArgumentError(`${op}: axis ${valueText(axis)} of a tensor of rank ${rank}; use ${-rank} to ${rank - 1}`);
}

/** Several axes from the front, ascending; undefined means all. */
export function normalizeAxes(op: string, axis: number | readonly number[] | undefined | null, rank: number): number[] {
  if (axis === undefined || axis === null) return Array.from({ length: rank }, (_, i) => i);
  const axes = (typeof axis === "number" ? [axis] : axis).map((one) => normalizeAxis(op, one, rank));
  const sorted = axes.toSorted((a, b) => a - b);
  const twice = sorted.find((one, i) => i > 0 && one === sorted[i - 1]);
  if (twice !== undefined) throw new ArgumentError(`${op}: axis ${twice} is named twice in ${valueText(axis)}`);
  return sorted;
}

/** NumPy's rule: aligned at the last axis, each pair equal or one of them 1. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new ShapeError(
      `${op}: shapes ${shapeText(a)} and ${shapeText(b)} do not broadcast; make each pair of sizes equal or 1`,
    );
  });
}

/** Strides of `shape` read as if it were `target`: 0 on the axes along which it repeats. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : strides[i - missing]!));
}

/**
 * Merges neighbouring axes that every operand walks through evenly, so that kernels see as few and as long axes as
 * possible. Axes of size 1 vanish. Returns at least one axis.
 */
export function mergeAxes(shape: Shape, ...operands: Shape[]): { dims: number[]; strides: number[][] } {
  const dims: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i]!;
    if (size === 1) continue;
    const last = dims.length - 1;
    if (last >= 0 && operands.every((s, k) => strides[k]![last] === s[i]! * size)) {
      dims[last]! *= size;
      operands.forEach((s, k) => (strides[k]![last] = s[i]!));
    } else {
      dims.push(size);
      operands.forEach((s, k) => strides[k]!.push(s[i]!));
    }
  }
  if (dims.length > 0) return { dims, strides };
  return { dims: [1], strides: operands.map(() => [0]) };
}
