import { checkInteger, checkNumber } from "../errors.ts";
import { tensor } from "../tensor/create.ts";
import { scoped } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { add, mul } from "./binary.ts";
import { firstNonFinite } from "./check.ts";
import { floatTensor } from "./inputs.ts";
import { matMul } from "./matmul.ts";
import { pad, reshape, slice } from "./shaping.ts";
import { exp, log, rsqrt, square } from "./unary.ts";

/**
 * y = x/(bias + α·Σ x²)^β, the sum over the channels at most `depthRadius` away, at the ends over those that are there
 * (Krizhevsky, Sutskever and Hinton 2012). x: channels last. Defaults: 5, 1, 1 and 0.5. As TensorFlow's and tfjs's op;
 * PyTorch divides its α by 2·depthRadius + 1 and calls the bias k.
 */
export function localResponseNormalization(
  value: TensorLike,
  depthRadius?: number,
  bias?: number,
  alpha?: number,
  beta?: number,
): Tensor {
  const op = "localResponseNormalization";
  const [radius, offset, factor, exponent] = readLocalResponse(op, depthRadius, bias, alpha, beta);
  return scoped(() => {
    const x = floatTensor(op, value);
    const channels = x.shape.at(-1) ?? 1;
    const rows = reshape(x, [x.size / Math.max(channels, 1), channels]);
    const sums = neighbourSums(square(rows), radius);
    const base = add(mul(sums, factor), offset);
    // pow, exact to the last bit, takes seven times as long.
    const power = exponent === 0.5 ? rsqrt(base) : exp(mul(log(base), -exponent));
    return reshape(mul(rows, power), x.shape);
  });
}

/** The arguments after x, checked. */
export function readLocalResponse(
  op: string,
  depthRadius = 5,
  bias = 1,
  alpha = 1,
  beta = 0.5,
): [depthRadius: number, bias: number, alpha: number, beta: number] {
  checkInteger(op, "depthRadius", depthRadius);
  for (const [name, value] of Object.entries({ bias, alpha, beta })) checkNumber(op, name, value);
  return [depthRadius, bias, alpha, beta];
}

/** The sums over columns at most `radius` away: a product with a band of ones, which is fast. */
function neighbourSums(x: Tensor, radius: number): Tensor {
  const columns = x.shape[1]!;
  // In it 0 times Infinity is NaN for all; the sum of shifted copies leaves it in its place.
  if (firstNonFinite(x) < 0) return matMul(x, band(columns, radius));
  const wide = pad(x, [
    [0, 0],
    [radius, radius],
  ]);
  const shifted = Array.from({ length: 2 * radius + 1 }, (_, i) => slice(wide, [0, i], [-1, columns]));
  return shifted.reduce((total, one) => add(total, one));
}

/** 1 where |row − column| ≤ radius, else 0. */
function band(size: number, radius: number): Tensor {
  const values = Float32Array.from({ length: size * size }, (_, i) =>
    Number(Math.abs((i % size) - Math.floor(i / size)) <= radius),
  );
  return tensor(values, [size, size]);
}
