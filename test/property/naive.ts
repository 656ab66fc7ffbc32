import * as ek from "evenkeel";
import { placeOf } from "./values.ts";

/** The definitions of the ops as loops in float64, rounded once. */

type Activation = "linear" | "relu";
type Pair = readonly [number, number];

const activate = (value: number, activation: Activation): number =>
  activation === "relu" ? Math.max(0, value) : value;

/** c = activation(a·b + bias) of two matrices. */
export function naiveMatMul(
  a: ek.Tensor,
  b: ek.Tensor,
  bias?: ek.Tensor,
  activation: Activation = "linear",
): ek.Tensor {
  const [m, k, n] = [a.shape[0]!, a.shape[1]!, b.shape[1]!];
  const [x, y, offset] = [a.dataSync(), b.dataSync(), bias?.dataSync()];
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = offset?.[j] ?? 0;
      for (let l = 0; l < k; l++) sum += x[i * k + l]! * y[l * n + j]!;
      c[i * n + j] = activate(sum, activation);
    }
  }
  return ek.tensor(c, [m, n]);
}

export interface Geometry {
  strides: Pair;
  dilations: Pair;
  pad: "same" | "valid" | number | readonly (readonly [number, number])[];
}

/** Places of a window along one axis: how many there are, and how many zeros come before. */
function along(axis: 0 | 1, length: number, size: number, { strides, dilations, pad }: Geometry): Pair {
  const reach = (size - 1) * dilations[axis] + 1;
  const stride = strides[axis];
  if (pad === "same") {
    const count = Math.ceil(length / stride);
    return [count, Math.floor(Math.max(0, (count - 1) * stride + reach - length) / 2)];
  }
  const [before, after] = pad === "valid" ? [0, 0] : typeof pad === "number" ? [pad, pad] : pad[axis]!;
  return [Math.floor((length + before + after - reach) / stride) + 1, before];
}

/** y[n, i, j, f] = activation(Σ x[n, i·s + p·d − top, j·s + q·d − left, c]·w[p, q, c, f] + bias[f]). */
export function naiveConv2d(
  x: ek.Tensor,
  filter: ek.Tensor,
  geometry: Geometry,
  bias?: ek.Tensor,
  activation: Activation = "linear",
): ek.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [rows, columns, , filters] = filter.shape as [number, number, number, number];
  const { strides, dilations } = geometry;
  const [outHeight, top] = along(0, height, rows, geometry);
  const [outWidth, left] = along(1, width, columns, geometry);
  const [image, weights, offset] = [x.dataSync(), filter.dataSync(), bias?.dataSync()];
  const shape = [batch, outHeight, outWidth, filters];
  const y = new Float32Array(batch * outHeight * outWidth * filters);
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        const sums = Float64Array.from({ length: filters }, (_, f) => offset?.[f] ?? 0);
        for (let p = 0; p < rows; p++) {
          for (let q = 0; q < columns; q++) {
            const [row, column] = [i * strides[0] + p * dilations[0] - top, j * strides[1] + q * dilations[1] - left];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            for (let c = 0; c < channels; c++) {
              const value = image[placeOf([n, row, column, c], x.shape)]!;
              const at = placeOf([p, q, c, 0], filter.shape);
              for (let f = 0; f < filters; f++) sums[f]! += value * weights[at + f]!;
            }
          }
        }
        sums.forEach((sum, f) => (y[placeOf([n, i, j, f], shape)] = activate(sum, activation)));
      }
    }
  }
  return ek.tensor(y, shape);
}

/** The largest value of each window, or the mean of those that lie on the image. */
export function naivePool(
  name: "maxPool" | "avgPool",
  x: ek.Tensor,
  size: Pair,
  strides: Pair,
  pad: "same" | "valid",
): ek.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const geometry: Geometry = { strides, dilations: [1, 1], pad };
  const [outHeight, top] = along(0, height, size[0], geometry);
  const [outWidth, left] = along(1, width, size[1], geometry);
  const image = x.dataSync();
  const shape = [batch, outHeight, outWidth, channels];
  const y = Float32Array.from({ length: batch * outHeight * outWidth * channels }, (_, place) => {
    const c = place % channels;
    const j = Math.floor(place / channels) % outWidth;
    const i = Math.floor(place / channels / outWidth) % outHeight;
    const n = Math.floor(place / channels / outWidth / outHeight);
    const values: number[] = [];
    for (let row = i * strides[0] - top; row < i * strides[0] - top + size[0]; row++) {
      for (let column = j * strides[1] - left; column < j * strides[1] - left + size[1]; column++) {
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        values.push(image[placeOf([n, row, column, c], x.shape)]!);
      }
    }
    return name === "maxPool" ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0) / values.length;
  });
  return ek.tensor(y, shape);
}
