import { ArgumentError, checkInteger, DataError } from "../errors.ts";
import { oneHot } from "../ops/indexing.ts";
import { reshape } from "../ops/shaping.ts";
import { createTensor, toTensor } from "../tensor/create.ts";
import { tidy } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";

/**
 * One-hot rows: y[..., labels[...]] = 1, else 0, float32 [..., numClasses]. Labels [n] and [n, 1] give [n, numClasses].
 * `numClasses` defaults to the largest label + 1. Keras's `to_categorical`.
 *
 * Errors: DataError for a label that is no integer from 0 to numClasses − 1, naming its place.
 */
export function toCategorical(labels: TensorLike, numClasses?: number): Tensor {
  const op = "toCategorical";
  if (numClasses !== undefined) checkInteger(op, "numClasses", numClasses, 1);
  return tidy(() => {
    const given = toTensor(op, labels);
    const indices = toLabels(op, "the labels hold", given, numClasses);
    if (numClasses === undefined && given.size === 0) {
      throw new ArgumentError(`${op}: no labels came; pass numClasses, or at least one label`);
    }
    let classes = numClasses ?? 1;
    if (numClasses === undefined) for (const label of indices.view(op)) classes = Math.max(classes, label + 1);
    const { shape } = given;
    const column = shape.length > 1 && shape.at(-1) === 1;
    return oneHot(column ? reshape(indices, shape.slice(0, -1)) : indices, classes);
  });
}

/**
 * Class labels as int32, of the same shape; call it inside a scope. Errors: DataError at the first label that is no
 * integer from 0 to `classes` − 1; its first index is the sample.
 */
export function toLabels(op: string, what: string, labels: Tensor, classes?: number): Tensor {
  const values = labels.view(op);
  const end = classes ?? 0x8000_0000;
  const wrong = values.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < end));
  if (wrong >= 0) {
    const sample = Math.floor(wrong / (labels.size / (labels.shape[0] ?? 1)));
    const range = classes === undefined ? "integers of at least 0" : `integers from 0 to ${classes - 1}`;
    throw new DataError(`${op}: ${what} ${values[wrong]} at sample ${sample}; use ${range}`);
  }
  return labels.dtype === "int32" ? labels : createTensor(op, Int32Array.from(values), labels.shape);
}
