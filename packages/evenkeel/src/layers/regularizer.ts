import type { Serialized } from "../keras.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A penalty on a weight, which joins the loss. */
export interface Regularizer {
  /** The penalty, a scalar, made of ops so that it is differentiable. */
  apply(w: Tensor): Tensor;
  /** For files; without it they hold the name of the class. */
  toJSON?(): Serialized;
}

/**
 * A name in camelCase or snake_case, one of `ek.regularizers`, `{ class_name, config }` as Keras writes it, or your
 * own: a function of the weight, or an object with `apply`.
 */
export type RegularizerLike = string | Regularizer | Serialized | Regularizer["apply"];
