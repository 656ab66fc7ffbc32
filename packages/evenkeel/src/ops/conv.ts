import { checkInteger, ShapeError, shapeText, unknownName } from "../errors.ts";
import { scoped } from "../tensor/scope.ts";
import { allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { checkScratch, writeArguments } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { activationCode, type FusedActivation } from "./activation.ts";
import { checkRank, withFloats } from "./inputs.ts";
import { placeOf, type Product, recordProduct } from "./product.ts";
import { transpose } from "./shaping.ts";
import { type Padding, type Pair, placeWindow } from "./window.ts";

export type ImageLayout = "NHWC" | "NCHW";

/**
 * How channels and filters are cut: filters see the channels of their own group only. A filter of n groups is [height,
 * width, channels / n, filters]; "depthwise", [height, width, channels, m], has a group a channel with m filters each.
 */
export type Groups = number | "depthwise";

export interface FusedConv2dOptions {
  x: TensorLike;
  filter: TensorLike;
  strides: Pair;
  pad: Padding;
  dataFormat?: ImageLayout;
  dilations?: Pair;
  groups?: Groups;
  /** One value for each output channel. */
  bias?: TensorLike;
  activation?: FusedActivation;
}

/**
 * y[n, i, j, f] = Σ x[n, i·s + p·d − top, j·s + q·d − left, c]·w[p, q, c, f] over p, q, c (a cross-correlation, as in
 * every neural network library). x: [batch, height, width, channels], filter: [height, width, channels, filters].
 * `pad`: "same", "valid", a number, or [[top, bottom], [left, right]]. Named as in tfjs.
 *
 * Errors: ShapeError when ranks or channels don't fit or the filter reaches over the padded image.
 */
export function conv2d(
  x: TensorLike,
  filter: TensorLike,
  strides: Pair = 1,
  pad: Padding = "valid",
  dataFormat: ImageLayout = "NHWC",
  dilations: Pair = 1,
): Tensor {
  return fusedConv2d({ x, filter, strides, pad, dataFormat, dilations });
}

/**
 * y[n, i, j, c·m + k] = Σ x[n, i·s + p·d − top, j·s + q·d − left, c]·w[p, q, c, k] over p, q: every channel has m
 * filters of its own. x: [batch, height, width, channels], filter: [height, width, channels, m]. Named as in tfjs.
 *
 * Errors: as `conv2d`.
 */
export function depthwiseConv2d(
  x: TensorLike,
  filter: TensorLike,
  strides: Pair = 1,
  pad: Padding = "valid",
  dataFormat: ImageLayout = "NHWC",
  dilations: Pair = 1,
): Tensor {
  return fusedConv2d({ x, filter, strides, pad, dataFormat, dilations, groups: "depthwise" });
}

/** y = activation(conv2d(x, filter) + bias), in one pass over y. */
export function fusedConv2d(options: FusedConv2dOptions): Tensor {
  const { x, filter, bias } = options;
  const op = nameOf(options);
  return withFloats(op, bias === undefined ? [x, filter] : [x, filter, bias], (image, kernel, offset) =>
    channelsLast(op, image, options.dataFormat, (nhwc) => recordProduct(convolve(nhwc, kernel, offset, options))),
  );
}

function nameOf({ groups }: { groups?: Groups }): string {
  return groups === "depthwise" ? "depthwiseConv2d" : "conv2d";
}

/** Runs `f`, which wants channels last, on an image of either layout. */
export function channelsLast(
  op: string,
  image: Tensor,
  layout: ImageLayout = "NHWC",
  f: (image: Tensor) => Tensor,
): Tensor {
  if (layout === "NHWC") return f(image);
  if (layout !== "NCHW") unknownName(op, "dataFormat", layout, ["NHWC", "NCHW"]);
  checkRank(op, "x", image, 4, "[batch, channels, height, width]");
  return scoped(() => transpose(f(transpose(image, [0, 2, 3, 1])), [0, 3, 1, 2]));
}

export type ConvolveOptions = Pick<FusedConv2dOptions, "strides" | "pad" | "dilations" | "groups" | "activation">;

/**
 * The convolution of x [batch, height, width, channels]. `constants` [3, filters], of `normalizationConstants`: the
 * result is normalized by them on its way to memory, and has no gradient.
 */
export function convolve(
  x: Tensor,
  filter: Tensor,
  bias: Tensor | undefined,
  options: ConvolveOptions,
  constants?: Tensor,
): Product {
  const { activation = "linear" } = options;
  const op = nameOf(options);
  const code = activationCode(op, activation);
  const geometry = geometryOf(op, x, filter, bias, options);
  const y = allocateTensor(geometry.outShape);
  const place = (tensor: Tensor | undefined): number => placeOf(op, tensor);
  const at = writeArguments(geometry.values);
  const status = kernels.conv2d_forward(at, place(x), place(filter), place(bias), code, place(constants), place(y));
  checkScratch(op, status);
  return {
    op,
    x,
    weights: filter,
    bias,
    activation,
    y,
    gradients: (dz, needs) => {
      const dx = needs[0] ? allocateTensor(x.shape) : undefined;
      const dw = needs[1] ? allocateTensor(filter.shape) : undefined;
      if (dx !== undefined || dw !== undefined) {
        const args = writeArguments(geometry.values);
        const places = [x, dz, filter, dx, dw].map(place) as [number, number, number, number, number];
        checkScratch(op, kernels.conv2d_backward(args, ...places));
      }
      return [dx, dw];
    },
  };
}

/** The numbers of `Conv2d` in crates/kernels/src/conv, in its order. */
function geometryOf(
  op: string,
  x: Tensor,
  filter: Tensor,
  bias: Tensor | undefined,
  { strides, dilations = 1, groups: cut = 1, pad }: ConvolveOptions,
): { values: number[]; outShape: number[] } {
  checkRank(op, "x", x, 4, "[batch, height, width, channels]");
  const depthwise = cut === "depthwise";
  checkRank(op, "the filter", filter, 4, `[height, width, channels, ${depthwise ? "multiplier" : "filters"}]`);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth, depth, last] = filter.shape as [number, number, number, number];
  const groups = depthwise ? Math.max(depth, 1) : checkInteger(op, "groups", cut, 1);
  const filters = depthwise ? depth * last : last;
  const takes = depthwise ? depth : depth * groups;
  if (channels !== takes) {
    const came = `x ${shapeText(x.shape)} has ${channels} channels`;
    const wanted = groups > 1 && !depthwise ? `${takes} in ${groups} groups` : takes;
    throw new ShapeError(`${op}: ${came}, the filter ${shapeText(filter.shape)} takes ${wanted}; make them equal`);
  }
  if (filters % groups !== 0) {
    throw new ShapeError(`${op}: ${filters} filters in ${groups} groups; use a multiple of ${groups}`);
  }
  if (bias !== undefined && (bias.rank !== 1 || bias.size !== filters)) {
    throw new ShapeError(`${op}: bias ${shapeText(bias.shape)} for ${filters} filters; use [${filters}]`);
  }
  const size = [kernelHeight, kernelWidth] as const;
  const window = placeWindow(op, [height, width], { size, strides, dilations, padding: pad });
  const { padTop, padLeft, outHeight, outWidth } = window;
  const images = [batch, height, width, channels, kernelHeight, kernelWidth, filters];
  const values = [...images, ...window.strides, ...window.dilations, padTop, padLeft, outHeight, outWidth, groups];
  return { values, outShape: [batch, outHeight, outWidth, filters] };
}
