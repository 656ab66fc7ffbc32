import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { kernels } from "../wasm/kernels.ts";

/** The order of `Unary` in crates/kernels/src/elementwise. */
export const unaryCodes = {
  neg: 0,
  abs: 1,
  square: 2,
  sqrt: 3,
  exp: 4,
  log: 5,
  relu: 6,
  tanh: 7,
  sigmoid: 8,
  reciprocal: 9,
  rsqrt: 10,
  sign: 11,
  erf: 12,
  softplus: 13,
} as const;

export type UnaryName = keyof typeof unaryCodes;

/** dx = dy·f′(x), from x or y, whichever is simpler; in the name of `op`. */
export function unaryGradient(op: string, name: UnaryName, x: Tensor, y: Tensor, dy: Tensor): Tensor {
  const dx = allocateTensor(x.shape);
  const addresses = [x, y, dy, dx].map((each) => addressOf(op, each)) as [number, number, number, number];
  kernels.unary_backward(unaryCodes[name], x.size, ...addresses);
  return dx;
}
