import type { Serialized } from "../keras.ts";
import { fromName } from "./from-name.ts";
import { Initializer } from "./initializer.ts";
import * as factories from "./initializers.ts";

/** A name in camelCase or snake_case, an initializer, or `{ class_name, config }` as Keras writes it. */
export type InitializerLike = string | Initializer | Serialized;

/** The initializer of a layer's option. Errors: ArgumentError with the nearest valid name. */
export function getInitializer(op: string, given: InitializerLike): Initializer {
  if (given instanceof Initializer) return given;
  return fromName(op, "initializer", given, factories, { input_axes: [null], output_axes: [null] });
}
