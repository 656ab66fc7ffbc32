import { ArgumentError, checkInteger, ShapeError, shapeText, unknownName, valueText } from "../errors.ts";
import type { Shape } from "../tensor/shape.ts";

/** What slides over an image, height before width: a convolution's kernel or a pool. */
export type Pair = number | readonly [number, number];

/** "same": as many outputs as strides, zeros around; "valid": none; or the zeros on each side. */
export type Padding = "same" | "valid" | number | readonly (readonly [number, number])[];

export interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

export interface WindowOptions {
  size: Pair;
  strides: Pair;
  dilations?: Pair;
  padding: Padding;
}

/** The two numbers of an option that is one number or a pair, each an integer of at least 1. */
export function pairOf(op: string, name: string, value: unknown): readonly [number, number] {
  const pair = Array.isArray(value) ? value : [value, value];
  if (pair.length !== 2) throw new ArgumentError(`${op}: ${name} is ${valueText(value)}; use one number or a pair`);
  return [checkInteger(op, name, pair[0], 1), checkInteger(op, name, pair[1], 1)];
}

/** How the window lies on an image of [height, width]. Errors: ShapeError when it never fits. */
export function placeWindow(op: string, image: Shape, options: WindowOptions): Window {
  const size = pairOf(op, "the window size", options.size);
  const strides = pairOf(op, "strides", options.strides);
  const dilations = pairOf(op, "dilations", options.dilations ?? 1);
  const place = (axis: 0 | 1) => {
    const reach = (size[axis] - 1) * dilations[axis] + 1;
    const padding = paddingOf(op, options.padding, axis, image[axis]!, reach, strides[axis]);
    const length = image[axis]! + padding[0] + padding[1];
    if (length >= reach || (image[axis] === 0 && options.padding === "same")) {
      return { before: padding[0], out: Math.floor((length - reach) / strides[axis]) + 1 };
    }
    const came = `a window reaching over ${reach} on ${length} of ${shapeText(image)} with its padding`;
    throw new ShapeError(`${op}: ${came}; use a smaller window, a larger image or padding "same"`);
  };
  const [rows, columns] = [place(0), place(1)];
  return {
    size,
    strides,
    dilations,
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.out,
    outWidth: columns.out,
  };
}

/** Zeros before and after. "same" puts the odd one after, as TensorFlow does. */
function paddingOf(
  op: string,
  padding: Padding,
  axis: 0 | 1,
  length: number,
  reach: number,
  stride: number,
): readonly [number, number] {
  if (padding === "valid") return [0, 0];
  if (padding === "same") {
    const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  if (typeof padding === "string") unknownName(op, "padding", padding, ["same", "valid"]);
  const pair = typeof padding === "number" ? [padding, padding] : padding[axis];
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new ArgumentError(`${op}: padding ${valueText(padding)}; use "same", "valid", a number or [[t, b], [l, r]]`);
  }
  return [checkInteger(op, "padding", pair[0]), checkInteger(op, "padding", pair[1])];
}
