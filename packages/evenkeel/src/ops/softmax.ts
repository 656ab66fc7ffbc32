import { record } from "../autograd/tape.ts";
import { ShapeError, shapeText } from "../errors.ts";
import { normalizeAxis, sameShape } from "../tensor/shape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { kernels } from "../wasm/kernels.ts";
import { mul } from "./binary.ts";
import { checkRank, withFloats } from "./inputs.ts";
import { reshape, transpose } from "./shaping.ts";
import { neg } from "./unary.ts";

/** y = eˣ/Σeˣ along `axis`, computed around the largest x, so that it never overflows. */
export function softmax(value: TensorLike, axis = -1): Tensor {
  return withFloats("softmax", [value], (x) =>
    alongLast("softmax", x, axis, (rows) => {
      const y = run("softmax_forward", "softmax_backward", rows);
      logits.set(y, rows);
      return y;
    }),
  );
}

/** y = x − ln Σeˣ along `axis`. */
export function logSoftmax(value: TensorLike, axis = -1): Tensor {
  return withFloats("logSoftmax", [value], (x) =>
    alongLast("logSoftmax", x, axis, (rows) => run("log_softmax_forward", "log_softmax_backward", rows)),
  );
}

const logits = new WeakMap<Tensor, Tensor>();

/**
 * The x of y = softmax(x), when y is the very result of a softmax over its last axis and x is still alive. Losses use
 * it as Keras does: cross-entropy from x is exact where y has rounded to 0.
 */
export function logitsOf(y: Tensor): Tensor | undefined {
  const x = logits.get(y);
  return x === undefined || x.isDisposed ? undefined : x;
}

/**
 * lossᵢ = Σⱼ tᵢⱼ·(ln Σₖ e^zᵢₖ − zᵢⱼ): the cross-entropy of each row of `targets` [n, classes] with softmax(logits)
 * [n, classes]; shape [n]. Computed from the logits, exact for large ones. Gradients for both.
 */
export function softmaxCrossEntropy(targets: TensorLike, values: TensorLike): Tensor {
  const op = "softmaxCrossEntropy";
  return withFloats(op, [targets, values], (target, logit) => {
    const [t, z] = [target, logit];
    checkRank(op, "the logits", z, 2, "[samples, classes]");
    if (!sameShape(t.shape, z.shape)) {
      throw new ShapeError(`${op}: targets ${shapeText(t.shape)} for logits ${shapeText(z.shape)}; make them equal`);
    }
    const [rows, columns] = z.shape as [number, number];
    const loss = allocateTensor([rows]);
    const probabilities = allocateTensor(z.shape);
    const at = (tensor: Tensor): number => addressOf(op, tensor);
    kernels.softmax_cross_entropy_forward(rows, columns, at(z), at(t), at(loss), at(probabilities));
    const gradientOfLogits = (dloss: Tensor): Tensor => {
      const dz = allocateTensor(z.shape);
      kernels.softmax_cross_entropy_backward(rows, columns, at(probabilities), at(t), at(dloss), at(dz));
      return dz;
    };
    record({
      name: op,
      inputs: [t, z],
      outputs: [loss],
      adjoint: ([dloss], needs) => [
        needs[0] ? mul(reshape(dloss!, [rows, 1]), neg(logSoftmax(z))) : undefined,
        needs[1] ? gradientOfLogits(dloss!) : undefined,
      ],
    });
    return loss;
  });
}

type Forward = "softmax_forward" | "log_softmax_forward";
type Backward = "softmax_backward" | "log_softmax_backward";

function run(forward: Forward, backward: Backward, x: Tensor): Tensor {
  const columns = x.shape.at(-1)!;
  const rows = columns === 0 ? 0 : x.size / columns;
  const y = allocateTensor(x.shape);
  kernels[forward](rows, columns, addressOf("softmax", x), addressOf("softmax", y));
  record({
    name: "softmax",
    inputs: [x],
    outputs: [y],
    adjoint: ([dy]) => {
      const dx = allocateTensor(x.shape);
      const at = (tensor: Tensor): number => addressOf("softmax", tensor);
      kernels[backward](rows, columns, at(y), at(dy!), at(dx));
      return [dx];
    },
  });
  return y;
}

/** Runs `f`, which works along the last axis, along another one. */
function alongLast(op: string, x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor {
  if (x.rank === 0) throw new ShapeError(`${op}: a scalar; use a tensor with the axis to normalize along`);
  const at = normalizeAxis(op, axis, x.rank);
  if (at === x.rank - 1) return f(x);
  const swap = x.shape.map((_, i) => (i === at ? x.rank - 1 : i === x.rank - 1 ? at : i));
  return transpose(f(transpose(x, swap)), swap);
}
