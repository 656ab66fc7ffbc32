import { record } from "../autograd/tape.ts";
import { broadcastShapes, broadcastStrides, mergeAxes, sameShape, type Shape, stridesOf } from "../tensor/shape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { writeArguments } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { sumTo } from "./fold.ts";
import { withFloats } from "./inputs.ts";
import { log, neg } from "./unary.ts";

/** The order of `Binary` in crates/kernels/src/elementwise. */
const codes = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  maximum: 4,
  minimum: 5,
  equal: 6,
  greater: 7,
  less: 8,
  greaterEqual: 9,
  lessEqual: 10,
  squaredDifference: 11,
  pow: 12,
} as const;

/** The smallest normal float32: keeps ln a finite where its factor is 0 anyway. */
const smallest = 1.1754944e-38;

/** The gradients of a and b, before they are summed to the shapes that were broadcast. */
interface Partials {
  a: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;
  b: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;
}

/** y = f(a, b), element by element, shapes broadcast by NumPy's rule. Without partials no gradient flows. */
function binary(name: keyof typeof codes, partials?: Partials): (a: TensorLike, b: TensorLike) => Tensor {
  return (left, right) =>
    withFloats(name, [left, right], (first, second) => {
      const [a, b] = [first, second];
      const y = combine(name, a, b);
      if (partials !== undefined) {
        const adjoint = ([dy]: readonly (Tensor | undefined)[], needs: readonly boolean[]) => [
          needs[0] ? sumTo(a.shape, partials.a(dy!, a, b, y)) : undefined,
          needs[1] ? sumTo(b.shape, partials.b(dy!, a, b, y)) : undefined,
        ];
        record({ name, inputs: [a, b], outputs: [y], adjoint });
      }
      return y;
    });
}

function combine(name: keyof typeof codes, a: Tensor, b: Tensor): Tensor {
  const alike = sameShape(a.shape, b.shape);
  const y = allocateTensor(alike ? a.shape : broadcastShapes(name, a.shape, b.shape));
  const { rank, geometry } = alike ? oneAxis(y.size) : broadcast(a.shape, b.shape, y.shape);
  const pointer = writeArguments(geometry);
  kernels.binary(codes[name], rank, pointer, addressOf(name, a), addressOf(name, b), addressOf(name, y));
  return y;
}

/** Dims, strides of a and strides of b. Operands of one shape are one axis, which needs no search for it. */
function oneAxis(size: number): { rank: number; geometry: number[] } {
  return { rank: 1, geometry: [size, 1, 1] };
}

function broadcast(a: Shape, b: Shape, shape: Shape): { rank: number; geometry: number[] } {
  const operands = [stridesOf(shape), broadcastStrides(a, shape), broadcastStrides(b, shape)];
  const { dims, strides } = mergeAxes(shape, ...operands);
  return { rank: dims.length, geometry: [...dims, ...strides[1]!, ...strides[2]!] };
}

/** y = a + b. */
export const add = binary("add", { a: (dy) => dy, b: (dy) => dy });
/** y = a − b. */
export const sub = binary("sub", { a: (dy) => dy, b: (dy) => neg(dy) });
/** y = a·b. */
export const mul = binary("mul", { a: (dy, _, b) => mul(dy, b), b: (dy, a) => mul(dy, a) });
/** y = a/b. */
export const div = binary("div", { a: (dy, _, b) => div(dy, b), b: (dy, _, b, y) => neg(div(mul(dy, y), b)) });
/** y = max(a, b), NaN if either is. Where they are equal the gradient goes to a, as in TensorFlow. */
export const maximum = binary("maximum", {
  a: (dy, a, b) => mul(dy, greaterEqual(a, b)),
  b: (dy, a, b) => mul(dy, less(a, b)),
});
/** y = min(a, b), NaN if either is. Where they are equal the gradient goes to a, as in TensorFlow. */
export const minimum = binary("minimum", {
  a: (dy, a, b) => mul(dy, lessEqual(a, b)),
  b: (dy, a, b) => mul(dy, greater(a, b)),
});
/** y = (a − b)². */
export const squaredDifference = binary("squaredDifference", {
  a: (dy, a, b) => mul(dy, mul(2, sub(a, b))),
  b: (dy, a, b) => mul(dy, mul(2, sub(b, a))),
});
/** y = aᵇ; NaN for a negative base with a fractional exponent. The gradient of b is 0 where a ≤ 0, as in TensorFlow. */
export const pow = binary("pow", {
  a: (dy, a, b) => mul(dy, mul(b, pow(a, sub(b, 1)))),
  b: (dy, a, _, y) => mul(dy, mul(y, mul(greater(a, 0), log(maximum(a, smallest))))),
});
/** y = 1 where a = b, else 0. float32; no gradient flows through comparisons. */
export const equal = binary("equal");
/** y = 1 where a > b, else 0. */
export const greater = binary("greater");
/** y = 1 where a < b, else 0. */
export const less = binary("less");
/** y = 1 where a ≥ b, else 0. */
export const greaterEqual = binary("greaterEqual");
/** y = 1 where a ≤ b, else 0. */
export const lessEqual = binary("lessEqual");
