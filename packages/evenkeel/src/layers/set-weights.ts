import { ShapeError, shapeText, valueText } from "../errors.ts";
import { floatTensor } from "../ops/inputs.ts";
import { tidy } from "../tensor/scope.ts";
import { sameShape } from "../tensor/shape.ts";
import type { TensorLike } from "../tensor/values.ts";
import type { Variable } from "../tensor/variable.ts";

/**
 * Replaces all weights of a layer or model, which is called `name`; `until` says of one without weights when it has
 * them. Errors: ShapeError, and then nothing has changed.
 */
export function setWeights(
  op: string,
  name: string,
  weights: readonly Variable[],
  values: readonly TensorLike[],
  until = "",
): void {
  if (!Array.isArray(values) || values.length !== weights.length) {
    const came = Array.isArray(values) ? `${values.length} values` : valueText(values);
    throw new ShapeError(`${op}: ${came}; ${name} has ${weights.length} weights${until}: pass one for each`);
  }
  tidy(() => {
    const tensors = values.map((value: TensorLike) => floatTensor(op, value));
    weights.forEach((weight, i) => {
      if (sameShape(weight.shape, tensors[i]!.shape)) return;
      const came = `values ${shapeText(tensors[i]!.shape)} for ${weight.name}`;
      throw new ShapeError(`${op}: ${came}, which is ${shapeText(weight.shape)}; pass that shape`);
    });
    weights.forEach((weight, i) => weight.assign(tensors[i]!));
  });
}
