import { record } from "../autograd/tape.ts";
import { ArgumentError } from "../errors.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { writeArguments } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { channelsLast, type ImageLayout } from "./conv.ts";
import { checkRank, withFloats } from "./inputs.ts";
import { type Padding, type Pair, pairOf, placeWindow } from "./window.ts";

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
const mostPlaces = 2 ** 15;

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
      checkRank(op, "x", x, 4, "[batch, height, width, channels]");
      const [batch, height, width, channels] = x.shape as [number, number, number, number];
      const window = placeWindow(op, [height, width], { size, strides, padding });
      const { padTop, padLeft, outHeight, outWidth } = window;
      const y = allocateTensor([batch, outHeight, outWidth, channels]);
      const image = [batch, height, width, channels];
      run(x, y, [...image, ...window.size, ...window.strides, padTop, padLeft, outHeight, outWidth]);
      return y;
    }),
  );
}

function poolMaximum(x: Tensor, y: Tensor, geometry: readonly number[]): void {
  // Which place of its window each maximum came from, in 16 bits.
  const places = allocateTensor([Math.ceil(y.size / 2)]);
  const [from, to, at] = [x, y, places].map((each) => addressOf("maxPool", each)) as [number, number, number];
  kernels.max_pool_forward(writeArguments(geometry), from, to, at);
  record({
    name: "maxPool",
    inputs: [x],
    outputs: [y],
    adjoint: ([dy]) => {
      const dx = allocateTensor(x.shape);
      const args = writeArguments(geometry);
      kernels.max_pool_backward(
        args,
        addressOf("maxPool", places),
        addressOf("maxPool", dy!),
        addressOf("maxPool", dx),
      );
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
