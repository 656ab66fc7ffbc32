import { record } from "../autograd/tape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { kernels } from "../wasm/kernels.ts";
import { withFloats } from "./inputs.ts";

/** The order of `Unary` in crates/kernels/src/elementwise. */
const codes = {
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

/** y = f(x), element by element; dx = dy·f′(x). */
function unary(name: keyof typeof codes): (x: TensorLike) => Tensor {
  return (value) =>
    withFloats(name, [value], (x) => {
      const y = allocateTensor(x.shape);
      kernels.unary_forward(codes[name], y.size, addressOf(name, x), addressOf(name, y));
      record({ name, inputs: [x], outputs: [y], adjoint: ([dy]) => [unaryGradient(name, name, x, y, dy!)] });
      return y;
    });
}

/** dx = dy·f′(x), from x or y, whichever is simpler; in the name of `op`. */
export function unaryGradient(op: string, name: keyof typeof codes, x: Tensor, y: Tensor, dy: Tensor): Tensor {
  const dx = allocateTensor(x.shape);
  const addresses = [x, y, dy, dx].map((each) => addressOf(op, each)) as [number, number, number, number];
  kernels.unary_backward(codes[name], x.size, ...addresses);
  return dx;
}

/** y = −x. */
export const neg = unary("neg");
/** y = |x|; the gradient at 0 is 0. */
export const abs = unary("abs");
/** y = x². */
export const square = unary("square");
/** y = √x; NaN below 0. */
export const sqrt = unary("sqrt");
/** y = eˣ. */
export const exp = unary("exp");
/** y = ln x; −Infinity at 0, NaN below. */
export const log = unary("log");
/** y = max(x, 0); the gradient at 0 is 0, NaN stays NaN. */
export const relu = unary("relu");
/** y = tanh x. */
export const tanh = unary("tanh");
/** y = 1/(1 + e⁻ˣ). */
export const sigmoid = unary("sigmoid");
/** y = 1/x. */
export const reciprocal = unary("reciprocal");
/** y = 1/√x. */
export const rsqrt = unary("rsqrt");
/** y = −1, 0 or 1; no gradient flows. */
export const sign = unary("sign");
/** y = 2/√π·∫₀ˣ e^(−t²) dt, the Gauss error function. */
export const erf = unary("erf");
/** y = ln(1 + eˣ). */
export const softplus = unary("softplus");
