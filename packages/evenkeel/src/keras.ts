import { ArgumentError, unknownName, valueText } from "./errors.ts";

/** An object as Keras 3 serializes it. */
export interface Serialized {
  module?: string;
  class_name: string;
  config: unknown;
  registered_name?: string | null;
}

/** "glorot_uniform" → "glorotUniform", "max_pooling2d" → "maxPooling2d". */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** "glorotUniform" → "glorot_uniform", "MaxPooling2D" → "max_pooling2d": the rule Keras names layers by. */
export function snakeCase(name: string): string {
  const words = name.replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2");
  return words.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

/** The valid name that `got` is but for case and underscores, else an error with the nearest one. */
export function findName<Name extends string>(op: string, what: string, got: unknown, valid: readonly Name[]): Name {
  const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();
  const found = typeof got === "string" ? valid.find((name) => plain(name) === plain(got)) : undefined;
  return found ?? unknownName(op, what, got, valid);
}

/** `{ class_name, config }` of one of Keras's own classes. */
export function readSerialized(op: string, value: unknown): { className: string; config: Record<string, unknown> } {
  const { class_name: className, config, registered_name: registered } = (value ?? {}) as Partial<Serialized>;
  if (typeof className !== "string" || (config != null && typeof config !== "object")) {
    throw new ArgumentError(`${op}: ${valueText(value)}; pass { class_name, config } as Keras 3 writes it`);
  }
  if (registered?.includes(">")) {
    throw new ArgumentError(`${op}: ${valueText(registered)} is a class of its author's; only Keras's own can be read`);
  }
  return { className, config: (config ?? {}) as Record<string, unknown> };
}

export interface ConfigRules {
  /** The options there are, in camelCase; a config has them in snake_case. */
  readonly options: readonly string[];
  /** Options whose names are not just the other case: Keras's -> ours. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** What Keras writes where only one behaviour is supported here: the values that mean it. */
  readonly fixed?: Readonly<Record<string, readonly unknown[]>>;
  /** What changes no result. */
  readonly ignored?: readonly string[];
}

/**
 * A Keras config as options. Errors: ArgumentError for keys that are unknown, and for values that would change
 * results.
 */
export function readConfig(op: string, config: Record<string, unknown>, rules: ConfigRules): Record<string, unknown> {
  const { options, renamed = {}, fixed = {}, ignored = [] } = rules;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const name = renamed[key] ?? camelCase(key);
    const supported = fixed[key];
    if (options.includes(name)) result[name] = value;
    else if (supported !== undefined) checkFixed(op, key, value, supported);
    else if (!ignored.includes(key)) unknownName(op, "config key", key, options.map(snakeCase));
  }
  return result;
}

function checkFixed(op: string, key: string, value: unknown, supported: readonly unknown[]): void {
  if (supported.includes(value)) return;
  throw new ArgumentError(
    `${op}: ${key} is ${valueText(value)}; only ${supported.map(valueText).join(" or ")} is supported`,
  );
}
