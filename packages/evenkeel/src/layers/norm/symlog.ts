import { add, div, maximum, minimum, mul, sub } from "../../ops/binary.ts";
import { exp, log, neg, relu, tanh } from "../../ops/unary.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** y = sign(x)·ln(1 + |x|) (Hafner et al. 2023), for every x; dy/dx = 1/(1 + |x|). */
export const symlog = odd(log1p);

/** x = sign(y)·(e^|y| − 1): the inverse of symlog. */
export const symexp = odd(expm1);

/** f(x) from 0 on, −f(−x) below. At 0, `maximum` passes the gradient on and `relu` does not: it comes once. */
function odd(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => sub(f(maximum(x, 0)), f(relu(neg(x))));
}

/** ln(1 + x) = ln u + (x − (u − 1))/u with u = 1 + x as it was rounded: small x keep their digits. */
function log1p(x: Tensor): Tensor {
  const u = add(x, 1);
  // From 1e8 on nothing is lost, and Infinity stays itself.
  const small = minimum(x, 1e8);
  return add(log(u), div(sub(small, sub(add(small, 1), 1)), u));
}

/** e^x − 1 = tanh(x/2)·(e^x + 1): nothing cancels. */
function expm1(x: Tensor): Tensor {
  return mul(tanh(mul(x, 0.5)), add(exp(x), 1));
}
