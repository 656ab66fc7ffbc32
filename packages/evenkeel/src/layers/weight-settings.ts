import { ShapeError, shapeText, valueText } from "../errors.ts";
import { snakeCase } from "../keras.ts";
import { sameShape, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Constraint, ConstraintLike } from "./constraint.ts";
import { getInitializer, type InitializerLike } from "./get-initializer.ts";
import { getConstraint, getRegularizer } from "./get-weight-function.ts";
import type { Initializer } from "./initializer.ts";
import type { Regularizer, RegularizerLike } from "./regularizer.ts";
import { WeightFunction } from "./weight-function.ts";

/** For "kernel": `kernelRegularizer`, a penalty that joins the loss, and `kernelConstraint`. Default: none. */
export type WeightRules<Prefix extends string> = {
  [Key in Prefix as `${Key}Regularizer`]?: RegularizerLike | null;
} & {
  [Key in Prefix as `${Key}Constraint`]?: ConstraintLike | null;
};

/** The options of a layer about one of its weights: kernelInitializer, kernelRegularizer, kernelConstraint. */
export function weightOptions(prefix: string): string[] {
  return [`${prefix}Initializer`, `${prefix}Regularizer`, `${prefix}Constraint`];
}

/** What those options say. Errors: ArgumentError. */
export class WeightSettings {
  /** For `addWeight`. */
  readonly rules: { initializer: Initializer; regularizer: Regularizer | null; constraint: Constraint | null };
  readonly #prefix: string;

  constructor(op: string, prefix: string, options: object, initializer: InitializerLike) {
    const given = options as Record<string, unknown>;
    const [first, second, third] = weightOptions(prefix).map((key) => given[key]);
    this.rules = {
      initializer: getInitializer(op, (first as InitializerLike | undefined) ?? initializer),
      regularizer: getRegularizer(op, second as RegularizerLike),
      constraint: getConstraint(op, third as ConstraintLike),
    };
    this.#prefix = snakeCase(prefix);
  }

  /** Keras's keys. A regularizer or constraint of the user's own stands there itself: it turns to JSON in a file. */
  getConfig(): Record<string, unknown> {
    const { initializer, regularizer, constraint } = this.rules;
    return {
      [`${this.#prefix}_initializer`]: initializer.toJSON(),
      [`${this.#prefix}_regularizer`]: written(regularizer),
      [`${this.#prefix}_constraint`]: written(constraint),
    };
  }
}

function written(f: Regularizer | Constraint | null): unknown {
  return f instanceof WeightFunction ? f.toJSON() : f;
}

/**
 * A regularizer or constraint as a variable calls it, tried on the first values `w` so that what is wrong with it shows
 * before training. Errors: ShapeError when its result has another shape than `wanted`.
 */
export function tried(
  op: string,
  f: Regularizer | Constraint | null | undefined,
  w: Tensor,
  wanted: Shape,
): ((w: Tensor) => Tensor) | undefined {
  if (f == null) return undefined;
  const result: unknown = f.apply(w);
  if (result instanceof Tensor && sameShape(result.shape, wanted)) return (x) => f.apply(x);
  const came = result instanceof Tensor ? shapeText(result.shape) : valueText(result);
  throw new ShapeError(`${op}: ${came}; return a tensor ${shapeText(wanted)}`);
}
