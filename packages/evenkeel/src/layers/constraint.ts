import type { Serialized } from "../keras.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What every step of an optimizer brings a weight back to. */
export interface Constraint {
  /** The weight that is allowed, of the same shape; no gradient flows through it. */
  apply(w: Tensor): Tensor;
  /** For files; without it they hold the name of the class. */
  toJSON?(): Serialized;
}

/**
 * A name in camelCase or snake_case, one of `ek.constraints`, `{ class_name, config }` as Keras writes it, or your own:
 * a function of the weight, or an object with `apply`.
 */
export type ConstraintLike = string | Constraint | Serialized | Constraint["apply"];
