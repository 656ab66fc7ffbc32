import { record } from "../autograd/tape.ts";
import { normalizeAxes, normalizeAxis, sizeOf } from "../tensor/shape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { kernels } from "../wasm/kernels.ts";
import { div, equal, mul } from "./binary.ts";
import { type Fold, fold } from "./fold.ts";
import { withFloats } from "./inputs.ts";
import { broadcastTo, reshape } from "./shaping.ts";

type Axis = number | readonly number[] | null;

/** Folds the named axes, all of them by default; `keepDims` leaves them with size 1. */
function reduction(name: Fold, adjointOf: (dy: Tensor, x: Tensor, y: Tensor) => Tensor) {
  return (value: TensorLike, axis?: Axis, keepDims = false): Tensor =>
    withFloats(name, [value], (input) => {
      const x = input;
      const axes = normalizeAxes(name, axis, x.rank);
      const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
      const shape = keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i));
      const y = allocateTensor(shape);
      fold(name, x, axes, y);
      record({
        name,
        inputs: [x],
        outputs: [y],
        adjoint: ([dy]) => [adjointOf(broadcastTo(reshape(dy!, kept), x.shape), x, reshape(y, kept))],
      });
      return y;
    });
}

/** y = Σ x over `axis` (all axes by default), in float32 blocks merged in float64. */
export const sum = reduction("sum", (dy) => dy);
/** y = Σ x/n over `axis`. */
export const mean = reduction("mean", (dy, x, y) => mul(dy, y.size / x.size));
/** y = the largest x over `axis`; NaN if any is. Equal ones share the gradient, as in TensorFlow and PyTorch's amax. */
export const max = reduction("max", shareAmongEqual);
/** y = the smallest x over `axis`; NaN if any is. Equal ones share the gradient. */
export const min = reduction("min", shareAmongEqual);

function shareAmongEqual(dy: Tensor, x: Tensor, y: Tensor): Tensor {
  const chosen = equal(x, y);
  const axes = x.shape.map((_, i) => i).filter((i) => y.shape[i] === 1);
  return div(mul(dy, chosen), sum(chosen, axes, true));
}

/** The index of the largest x along `axis`, the first of equal ones; int32. NaN counts as largest, as in NumPy. */
export function argMax(value: TensorLike, axis = -1): Tensor {
  return withFloats("argMax", [value], (input) => {
    const x = input;
    const at = normalizeAxis("argMax", axis, x.rank);
    const y = allocateTensor(
      x.shape.filter((_, i) => i !== at),
      "int32",
    );
    const [outer, inner] = [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at + 1))];
    kernels.arg_max(outer, x.shape[at]!, inner, addressOf("argMax", x), addressOf("argMax", y));
    return y;
  });
}
