import { ArgumentError, valueText } from "../errors.ts";
import { camelCase, type ConfigRules, findName, readConfig, readSerialized } from "../keras.ts";

type Factory<T> = (options?: never) => T;

/**
 * What an option names: by a name of `table`, or by `{ class_name, config }` with the options that the class has.
 * Errors: ArgumentError with the nearest valid name.
 */
export function fromName<T extends { readonly config: object }>(
  op: string,
  what: string,
  given: unknown,
  table: Readonly<Record<string, Factory<T>>>,
  fixed: ConfigRules["fixed"] = {},
): T {
  const names = Object.keys(table);
  if (typeof given === "string") return table[findName(op, what, given, names)]!();
  if (typeof given !== "object" || given === null) {
    throw new ArgumentError(`${op}: the ${what} is ${valueText(given)}; use a name or one of ek.${what}s`);
  }
  const { className, config } = readSerialized(`${op}: ${what}`, given);
  const create = table[findName(op, what, className, names)]!;
  const options = Object.keys(create().config).map(camelCase);
  return create(readConfig(`${op}: ${what} ${className}`, config, { options, fixed }) as never);
}
