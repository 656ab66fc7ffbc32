import { ShapeError, shapeText, unknownName } from "../errors.ts";
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

export interface FusedConv2dOptions {
  x: TensorLike;
  filter: TensorLike;
  strides: Pair;
  pad: Padding;
  dataFormat?: ImageLayout;
  dilations?: Pair;
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

/** y = activation(conv2d(x, filter) + bias), in one pass over y. */
export function fusedConv2d(options: FusedConv2dOptions): Tensor {
  const { x, filter, bias } = options;
  return withFloats("conv2d", bias === undefined ? [x, filter] : [x, filter, bias], (image, kernel, offset) =>
    channelsLast("conv2d", image, options.dataFormat, (nhwc) => recordProduct(convolve(nhwc, kernel, offset, options))),
  );
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

export type ConvolveOptions = Pick<FusedConv2dOptions, "strides" | "pad" | "dilations" | "activation">;

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
  const code = activationCode("conv2d", activation);
  const geometry = geometryOf(x, filter, bias, options);
  const y = allocateTensor(geometry.outShape);
  const place = (tensor: Tensor | undefined): number => placeOf("conv2d", tensor);
  const at = writeArguments(geometry.values);
  const status = kernels.conv2d_forward(at, place(x), place(filter), place(bias), code, place(constants), place(y));
  checkScratch("conv2d", status);
  return {
    op: "conv2d",
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
        checkScratch("conv2d", kernels.conv2d_backward(args, ...places));
      }
      return [dx, dw];
    },
  };
}

/** The numbers of `Conv2d` in crates/kernels/src/conv, in its order. */
function geometryOf(
  x: Tensor,
  filter: Tensor,
  bias: Tensor | undefined,
  { strides, dilations = 1, pad }: ConvolveOptions,
): { values: number[]; outShape: number[] } {
  checkRank("conv2d", "x", x, 4, "[batch, height, width, channels]");
  checkRank("conv2d", "the filter", filter, 4, "[height, width, channels, filters]");
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth, depth, filters] = filter.shape as [number, number, number, number];
  if (channels !== depth) {
    const came = `x ${shapeText(x.shape)} has ${channels} channels`;
    throw new ShapeError(`conv2d: ${came}, the filter ${shapeText(filter.shape)} takes ${depth}; make them equal`);
  }
  if (bias !== undefined && (bias.rank !== 1 || bias.size !== filters)) {
    throw new ShapeError(`conv2d: bias ${shapeText(bias.shape)} for ${filters} filters; use [${filters}]`);
  }
  const size = [kernelHeight, kernelWidth] as const;
  const window = placeWindow("conv2d", [height, width], { size, strides, dilations, padding: pad });
  const values = [
    batch,
    height,
    width,
    channels,
    kernelHeight,
    kernelWidth,
    filters,
    ...window.strides,
    ...window.dilations,
    window.padTop,
    window.padLeft,
    window.outHeight,
    window.outWidth,
    1,
  ];
  return { values, outShape: [batch, window.outHeight, window.outWidth, filters] };
}
