import { findName } from "../keras.ts";
import type { ImageLayout } from "../ops/conv.ts";
import { placeWindow, type WindowOptions } from "../ops/window.ts";
import type { PartialShape } from "../tensor/shape.ts";

/** Where the channels of an image are: [batch, height, width, channels] or [batch, channels, height, width]. */
export type DataFormat = "channelsLast" | "channelsFirst";

export interface ImageFormat {
  readonly dataFormat: DataFormat;
  /** As the ops call it. */
  readonly layout: ImageLayout;
  /** For errors. */
  readonly axes: string;
  readonly channelAxis: number;
  readonly spatialAxes: readonly [number, number];
}

const formats: Record<DataFormat, ImageFormat> = {
  channelsLast: {
    dataFormat: "channelsLast",
    layout: "NHWC",
    axes: "[batch, height, width, channels]",
    channelAxis: -1,
    spatialAxes: [1, 2],
  },
  channelsFirst: {
    dataFormat: "channelsFirst",
    layout: "NCHW",
    axes: "[batch, channels, height, width]",
    channelAxis: 1,
    spatialAxes: [2, 3],
  },
};

/** The format an option names, in camelCase or snake_case; none is "channelsLast". */
export function imageFormat(op: string, given: string | null | undefined): ImageFormat {
  return formats[findName(op, "dataFormat", given ?? "channelsLast", ["channelsLast", "channelsFirst"] as const)];
}

export function paddingOf(op: string, given: string | undefined): "valid" | "same" {
  return findName(op, "padding", given ?? "valid", ["valid", "same"] as const);
}

/** The shape of an image after a window slid over it; null stays null. */
export function slideWindow(op: string, format: ImageFormat, shape: PartialShape, window: WindowOptions): PartialShape {
  const sizes = format.spatialAxes.map((axis) => shape[axis]!);
  // Where a size isn't known yet, one that fits any window stands in, and its result is not used.
  const known = sizes.map((size) => size ?? Number.MAX_SAFE_INTEGER);
  const { outHeight, outWidth } = placeWindow(op, known, window);
  const out = [...shape];
  format.spatialAxes.forEach((axis, i) => (out[axis] = sizes[i] === null ? null : [outHeight, outWidth][i]!));
  return out;
}
