import { ArgumentError, ShapeError, shapeText } from "../../errors.ts";
import { floatTensor } from "../../ops/inputs.ts";
import { concat, slice } from "../../ops/shaping.ts";
import { scoped } from "../../tensor/scope.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TensorLike } from "../../tensor/values.ts";
import type { CallOptions, Layer } from "../layer.ts";

/**
 * The results for the batches of several replicas, which the layer sees as one: a batch normalization takes mean,
 * variance and in the backward pass Σg and Σ(g·x̂) over all of them, and its running statistics move once
 * (synchronized batch normalization). A replica's batch may be empty. Differentiable.
 *
 * Errors: ShapeError where more than the batch sizes differ.
 */
export function applyReplicas(
  layer: Layer,
  batches: readonly TensorLike[],
  { training = false }: CallOptions = {},
): Tensor[] {
  const op = `${layer.op}.applyReplicas`;
  if (!Array.isArray(batches) || batches.length === 0) throw new ArgumentError(`${op}: no batches came; pass a list`);
  return scoped(() => {
    const xs = (batches as readonly TensorLike[]).map((batch) => floatTensor(op, batch));
    const [first] = xs as [Tensor];
    const odd = xs.find((x) => x.rank === 0 || !sameShape(x.shape.slice(1), first.shape.slice(1)));
    if (odd !== undefined) {
      const shapes = `${shapeText(odd.shape)} beside ${shapeText(first.shape)}`;
      throw new ShapeError(`${op}: ${shapes}; only batch sizes may differ`);
    }
    const y = layer.apply(concat(xs), { training });
    let end = 0;
    return xs.map((x) => {
      const begin = end;
      end += x.shape[0]!;
      return slice(y, begin, x.shape);
    });
  });
}
