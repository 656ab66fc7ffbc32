import { checkKeys, checkNumber } from "../errors.ts";
import type { Serialized } from "../keras.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** One of Keras's regularizers or constraints. */
export class WeightFunction {
  readonly module: string;
  /** Keras's name of the class. */
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly apply: (w: Tensor) => Tensor;

  constructor(
    module: string,
    className: string,
    config: Readonly<Record<string, unknown>>,
    apply: (w: Tensor) => Tensor,
  ) {
    this.module = module;
    this.className = className;
    this.config = config;
    this.apply = apply;
  }

  toJSON(): Serialized {
    const { module, className, config } = this;
    return { module, class_name: className, config, registered_name: null };
  }
}

/** The first option alone may come as a bare number, as in Keras: `l2(0.1)`. */
export type NumberOr<Options> = number | Options;

/** Options that are numbers of at least 0, by their defaults; `others` are checked by the caller. */
export function readNumbers<Key extends string>(
  op: string,
  given: NumberOr<object>,
  defaults: Record<Key, number>,
  others: readonly string[] = [],
): Record<Key, number> {
  const keys = Object.keys(defaults) as Key[];
  const options: Partial<Record<string, unknown>> = typeof given === "number" ? { [keys[0]!]: given } : given;
  checkKeys(op, options, [...keys, ...others]);
  const entries = keys.map((key) => [key, checkNumber(op, key, options[key] ?? defaults[key], 0)] as const);
  return Object.fromEntries(entries) as Record<Key, number>;
}
