import { isRecording, record } from "../autograd/tape.ts";
import { ArgumentError } from "../errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { writeArguments } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { channelsLast, type ImageLayout } from "./conv.ts";
import { checkRank, withFloats } from "./inputs.ts";
import { type Padding, type Pair, pairOf, placeWindow, type WindowOptions } from "./window.ts";

/**
 * y = the largest x of each window, per channel. x: [batch, height, width, channels]; padding never wins. Of equal
 * values the first gets the gradient; NaN wins. Named as in tfjs.
 */
export function maxPool(
  x: TensorLike,
  poolSize: Pair,
  strides: Pair = poolSize,
  pad: Padding = "valid",
  dataFormat: ImageLayout = "NHWC",
): Tensor {
  const [height, width] = pairOf("maxPool", "the window size", poolSize);
  if (height * width > mostPlaces) {
    const came = `a window of ${height} × ${width}`;
    throw new ArgumentError(`maxPool: ${came}; use at most ${mostPlaces} places, or max over the axes`);
  }
  return pool("maxPool", x, poolSize, strides, pad, dataFormat, poolMaximum);
}

/** Places of a window, so that each has a number of 16 bits. */
const mostPlaces = 0x8000;

/** y = the mean of each window, per channel; padding is not counted (as in Keras). Named as in tfjs. */
export function avgPool(
  x: TensorLike,
  poolSize: Pair,
  strides: Pair = poolSize,
  pad: Padding = "valid",
  dataFormat: ImageLayout = "NHWC",
): Tensor {
  return pool("avgPool", x, poolSize, strides, pad, dataFormat, poolAverage);
}

type Pool = (x: Tensor, y: Tensor, geometry: readonly number[]) => void;

function pool(
  op: string,
  value: TensorLike,
  size: Pair,
  strides: Pair,
  padding: Padding,
  dataFormat: ImageLayout,
  run: Pool,
): Tensor {
  return withFloats(op, [value], (image) =>
    channelsLast(op, image, dataFormat, (x) => {
      const { geometry, outShape } = poolGeometry(op, x, { size, strides, padding });
      const y = allocateTensor(outShape);
      run(x, y, geometry);
      return y;
    }),
  );
}

/** The numbers of `Pool2d` in crates/kernels/src/pool, in its order, for x [batch, height, width, channels]. */
export function poolGeometry(
  op: string,
  x: Tensor,
  options: WindowOptions,
): { geometry: readonly number[]; outShape: Shape } {
  checkRank(op, "x", x, 4, "[batch, height, width, channels]");
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const window = placeWindow(op, [height, width], options);
  const { padTop, padLeft, outHeight, outWidth } = window;
  const image = [batch, height, width, channels];
  return {
    geometry: [...image, ...window.size, ...window.strides, padTop, padLeft, outHeight, outWidth],
    outShape: [batch, outHeight, outWidth, channels],
  };
}

/** Which place of its window each of so many maxima came from, in 16 bits. */
export function allocatePlaces(maxima: number): Tensor {
  return allocateTensor([Math.ceil(maxima / 2)]);
}

function poolMaximum(x: Tensor, y: Tensor, geometry: readonly number[]): void {
  const at = (tensor: Tensor): number => addressOf("maxPool", tensor);
  // Only the gradient wants to know where the maxima came from.
  const places = isRecording() ? allocatePlaces(y.size) : undefined;
  kernels.max_pool_forward(writeArguments(geometry), at(x), at(y), places === undefined ? 0 : at(places));
  if (places === undefined) return;
  record({
    name: "maxPool",
    inputs: [x],
    outputs: [y],
    adjoint: ([dy]) => {
      const dx = allocateTensor(x.shape);
      kernels.max_pool_backward(writeArguments(geometry), at(places), at(dy!), at(dx));
      return [dx];
    },
  });
}

function poolAverage(x: Tensor, y: Tensor, geometry: readonly number[]): void {
  kernels.average_pool_forward(writeArguments(geometry), addressOf("avgPool", x), addressOf("avgPool", y));
  record({
    name: "avgPool",
    inputs: [x],
    outputs: [y],
    adjoint: ([dy]) => {
      const dx = allocateTensor(x.shape);
      kernels.average_pool_backward(writeArguments(geometry), addressOf("avgPool", dy!), addressOf("avgPool", dx));
      return [dx];
    },
  });
}
