import { ArgumentError, valueText } from "../errors.ts";
import { camelCase, findName, readConfig, readSerialized, type Serialized } from "../keras.ts";
import { Initializer } from "./initializer.ts";
import * as factories from "./initializers.ts";

/** A name in camelCase or snake_case, an initializer, or `{ class_name, config }` as Keras writes it. */
export type InitializerLike = string | Initializer | Serialized;

const table: Record<string, (options?: object) => Initializer> = { ...factories };
const names = Object.keys(table);

/** The initializer of a layer's option. Errors: ArgumentError with the nearest valid name. */
export function getInitializer(op: string, given: InitializerLike): Initializer {
  if (given instanceof Initializer) return given;
  if (typeof given === "string") return table[findName(op, "initializer", given, names)]!();
  if (typeof given !== "object" || given === null) {
    throw new ArgumentError(`${op}: the initializer is ${valueText(given)}; use a name or one of ek.initializers`);
  }
  const { className, config } = readSerialized(`${op}: initializer`, given);
  const create = table[findName(op, "initializer", className, names)]!;
  const fixed = { input_axes: [null], output_axes: [null] };
  const options = Object.keys(create().config).map(camelCase);
  return create(readConfig(`${op}: initializer ${className}`, config, { options, fixed }));
}
