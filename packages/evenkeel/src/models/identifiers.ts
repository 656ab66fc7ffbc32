import { ArgumentError, valueText } from "../errors.ts";
import { findName, readConfig, readSerialized, type Serialized, snakeCase } from "../keras.ts";
import type { CustomWeightFunctions } from "../layers/deserialize.ts";
import * as losses from "./losses.ts";
import { type CrossentropyOptions, customMeasure, identityOf, type Measure, type MeasureFunction } from "./measure.ts";
import * as metrics from "./metrics.ts";

/** A loss or metric by its name (camelCase or snake_case), as a function, or as Keras serializes it. */
export type MeasureLike = string | MeasureFunction | Serialized;

/** The user's own losses, metrics, regularizers and constraints by name, for what a file only names. */
export type CustomFunctions = Readonly<Record<string, MeasureFunction | CustomWeightFunctions[string]>>;

/** A loss or metric of a compiled model: its key in logs, what it computes, and how a file names it. */
export interface NamedMeasure extends Measure {
  readonly key: string;
  readonly serialized: string | Serialized;
}

type Table = Readonly<Record<string, MeasureFunction>>;

const lossTable: Table = losses;
const metricTable: Table = { ...losses, ...metrics, acc: metrics.accuracy };

export function findLoss(op: string, given: MeasureLike, custom?: CustomFunctions): NamedMeasure {
  return name(given, resolve(op, "loss", lossTable, given, custom));
}

export function findMetric(op: string, given: MeasureLike, custom?: CustomFunctions): NamedMeasure {
  return name(given, resolve(op, "metric", metricTable, given, custom));
}

/** A loss function from `{ class_name, config }` as Keras writes it, or from its name. */
export function deserializeLoss(given: string | Serialized): MeasureFunction {
  return resolve("losses.deserialize", "loss", lossTable, given);
}

/** A metric function from `{ class_name, config }` as Keras writes it, or from its name. */
export function deserializeMetric(given: string | Serialized): MeasureFunction {
  return resolve("metrics.deserialize", "metric", metricTable, given);
}

function name(given: MeasureLike, f: MeasureFunction): NamedMeasure {
  const identity = identityOf(f);
  const measure = identity?.measure ?? customMeasure(f);
  if (typeof given === "string") return { ...measure, key: given, serialized: given };
  return { ...measure, key: identity?.name ?? (f.name || "custom"), serialized: serialize(f) };
}

function resolve(
  op: string,
  what: string,
  table: Table,
  given: unknown,
  custom: CustomFunctions = {},
): MeasureFunction {
  if (typeof given === "function") return given as MeasureFunction;
  if (typeof given === "string") return table[findName(op, what, given, Object.keys(table))]!;
  if (typeof given !== "object" || given === null) {
    throw new ArgumentError(`${op}: the ${what} is ${valueText(given)}; use a name, a function, or a Keras config`);
  }
  const { class_name: className, config } = given as Serialized;
  if (className !== "function") return fromClass(op, what, table, given);
  const own = custom[String(config)];
  if (own !== undefined) return own as MeasureFunction;
  throw new ArgumentError(`${op}: the ${what} is a function of its author's; pass it as custom: { ${String(config)} }`);
}

/** What Keras writes where only one behaviour is there. */
const fixed = { reduction: ["sum_over_batch_size", "mean"], axis: [-1], ignore_class: [null], threshold: [0.5] };

function fromClass(op: string, what: string, table: Table, given: object): MeasureFunction {
  const { className, config } = readSerialized(op, given);
  const f = table[findName(op, what, className, Object.keys(table))]!;
  const { configure } = identityOf(f)!;
  const keys = configure === undefined ? [] : ["fromLogits", "labelSmoothing"];
  const rules = { options: keys, fixed, ignored: ["name", "dtype", "fn"] };
  const options = readConfig(`${op}: ${className}`, config, rules) as CrossentropyOptions;
  return configure === undefined ? f : configure(options);
}

/** As Keras 3 writes it: `{ class_name: "CategoricalCrossentropy", config: { from_logits, ... } }`. */
function serialize(f: MeasureFunction): Serialized {
  const identity = identityOf(f);
  if (identity === undefined) {
    return { module: "builtins", class_name: "function", config: f.name || "custom", registered_name: "function" };
  }
  const { name, options } = identity;
  const { fromLogits = false, labelSmoothing = 0 } = options ?? {};
  const settings = options === undefined ? {} : { from_logits: fromLogits, label_smoothing: labelSmoothing };
  return {
    module: name in losses ? "keras.losses" : "keras.metrics",
    class_name: name.charAt(0).toUpperCase() + name.slice(1),
    config: { name: snakeCase(name), ...settings },
    registered_name: null,
  };
}
