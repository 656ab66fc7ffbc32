import type { Serialized } from "../keras.ts";
import type { Constraint, ConstraintLike } from "./constraint.ts";
import * as constraints from "./constraints.ts";
import { fromName } from "./from-name.ts";
import type { Regularizer, RegularizerLike } from "./regularizer.ts";
import * as regularizers from "./regularizers.ts";
import type { WeightFunction } from "./weight-function.ts";

/** The regularizer of a layer's option, null for none. Errors: ArgumentError with the nearest valid name. */
export function getRegularizer(op: string, given: RegularizerLike | null | undefined): Regularizer | null {
  return get(op, "regularizer", given, regularizers);
}

/** The constraint of a layer's option, null for none. Errors: ArgumentError with the nearest valid name. */
export function getConstraint(op: string, given: ConstraintLike | null | undefined): Constraint | null {
  return get(op, "constraint", given, constraints);
}

function get(
  op: string,
  what: string,
  given: RegularizerLike | ConstraintLike | null | undefined,
  table: Readonly<Record<string, (options?: never) => WeightFunction>>,
): Regularizer | null {
  if (given == null) return null;
  // A function has an `apply` of another kind.
  const own = typeof given === "function" ? { apply: given, name: given.name } : given;
  if (typeof own !== "object" || !("apply" in own) || typeof own.apply !== "function") {
    return fromName(op, what, given, table);
  }
  if ("toJSON" in own) return own;
  const class_name = "name" in own ? own.name : own.constructor.name;
  return { apply: (w) => own.apply(w), toJSON: (): Serialized => ({ class_name, config: {} }) };
}
