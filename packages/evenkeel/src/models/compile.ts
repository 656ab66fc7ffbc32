import type { Serialized } from "../keras.ts";
import { ArgumentError, checkKeys, valueText } from "../errors.ts";
import * as optimizers from "../optimizers/index.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { type CustomFunctions, findLoss, findMetric, type MeasureLike, type NamedMeasure } from "./identifiers.ts";

export interface CompileOptions {
  /** A name ("adam", "sgd"), an optimizer, or one as Keras serializes it. */
  optimizer: string | Optimizer | Serialized;
  /** A name in camelCase or snake_case, a function of `ek.losses`, or your own `(yTrue, yPred) => Tensor`. */
  loss: MeasureLike;
  /** Names, functions of `ek.metrics`, or your own. Default: none. */
  metrics?: MeasureLike | readonly MeasureLike[];
}

/** What `compile` leaves in a model. */
export interface Compiled {
  readonly optimizer: Optimizer;
  /** The optimizer was made here, not by the user, so it is freed with the model. */
  readonly ownsOptimizer: boolean;
  readonly loss: NamedMeasure;
  readonly metrics: readonly NamedMeasure[];
}

/** Everything is looked up before anything is returned. Errors: ArgumentError with the nearest valid name. */
export function compile(options: CompileOptions, custom?: CustomFunctions): Compiled {
  const op = "compile";
  if (typeof options !== "object" || options === null) {
    throw new ArgumentError(`${op}: options are ${valueText(options)}; pass { optimizer, loss, metrics }`);
  }
  checkKeys(op, options, ["optimizer", "loss", "metrics"]);
  if (options.loss === undefined) {
    throw new ArgumentError(`${op}: no loss came; pass one, e.g. loss: "categoricalCrossentropy"`);
  }
  if (options.optimizer === undefined) {
    throw new ArgumentError(`${op}: no optimizer came; pass one, e.g. optimizer: "adam"`);
  }
  const loss = findLoss(op, options.loss, custom);
  const metrics = [options.metrics ?? []].flat().map((metric) => findMetric(op, metric, custom));
  const keys = ["loss", ...metrics.map(({ key }) => key)];
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) throw new ArgumentError(`${op}: two results are called ${twice}; name each metric once`);
  const optimizer = optimizers.get(options.optimizer as string | Optimizer);
  return { optimizer, ownsOptimizer: optimizer !== options.optimizer, loss, metrics };
}

/** The key `compile_config` of a Keras 3 model. */
export interface CompileConfig {
  optimizer: Serialized;
  loss: string | Serialized;
  metrics?: readonly (string | Serialized)[] | null;
}

export function compileConfig({ optimizer, loss, metrics }: Compiled): CompileConfig {
  return {
    optimizer: optimizers.serialize(optimizer),
    loss: loss.serialized,
    metrics: metrics.map(({ serialized }) => serialized),
  };
}

/** Reads `compile_config`; what else Keras writes there (jit_compile and so on) does not change results. */
export function compileFromConfig(config: CompileConfig, custom?: CustomFunctions): Compiled {
  const { optimizer, loss, metrics } = config;
  return compile({ optimizer, loss, metrics: metrics ?? [] }, custom);
}
