import { findName } from "../keras.ts";
import { add, div, maximum, minimum, mul, sub } from "../ops/binary.ts";
import { logSoftmax, softmax } from "../ops/softmax.ts";
import { abs, erf, exp, relu, sigmoid, softplus, tanh } from "../ops/unary.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Each as Keras defines it, over the last axis where it has one. */
const activations = {
  linear: (x: Tensor) => x,
  relu,
  /** min(max(x, 0), 6) */
  relu6: (x: Tensor) => minimum(relu(x), 6),
  sigmoid,
  tanh,
  softmax: (x: Tensor) => softmax(x),
  logSoftmax: (x: Tensor) => logSoftmax(x),
  softplus,
  /** x/(1 + |x|) */
  softsign: (x: Tensor) => div(x, add(abs(x), 1)),
  exponential: exp,
  /** x for x > 0, else eˣ − 1 */
  elu: (x: Tensor) => add(relu(x), sub(exp(minimum(x, 0)), 1)),
  /** x·sigmoid(x) */
  silu: (x: Tensor) => mul(x, sigmoid(x)),
  swish: (x: Tensor) => mul(x, sigmoid(x)),
  /** x·Φ(x) with the distribution function Φ of the standard normal, not its tanh approximation */
  gelu: (x: Tensor) => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1)),
  /** max(x, 0.2·x) */
  leakyRelu: (x: Tensor) => maximum(x, mul(x, 0.2)),
} satisfies Record<string, (x: Tensor) => Tensor>;

export type Activation = keyof typeof activations;

/** The activation an option names, in camelCase or snake_case; none is "linear". Errors: the nearest valid name. */
export function activationOf(op: string, given: string | null | undefined): Activation {
  return findName(op, "activation", given ?? "linear", Object.keys(activations) as Activation[]);
}

export function applyActivation(activation: Activation, x: Tensor): Tensor {
  return activations[activation](x);
}
