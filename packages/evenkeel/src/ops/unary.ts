import { record } from "../autograd/tape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { kernels } from "../wasm/kernels.ts";
import { withFloats } from "./inputs.ts";
import { unaryCodes, unaryGradient, type UnaryName } from "./unary-gradient.ts";

/** y = f(x), element by element; dx = dy·f′(x). */
function unary(name: UnaryName): (x: TensorLike) => Tensor {
  return (value) =>
    withFloats(name, [value], (x) => {
      const y = allocateTensor(x.shape);
      kernels.unary_forward(unaryCodes[name], y.size, addressOf(name, x), addressOf(name, y));
      record({ name, inputs: [x], outputs: [y], adjoint: ([dy]) => [unaryGradient(name, name, x, y, dy!)] });
      return y;
    });
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
