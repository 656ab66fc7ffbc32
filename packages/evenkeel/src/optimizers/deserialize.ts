import { ArgumentError, valueText } from "../errors.ts";
import { findName, readConfig, readSerialized, type Serialized } from "../keras.ts";
import { adam, Adam } from "./adam.ts";
import { Optimizer } from "./optimizer.ts";
import { sgd, Sgd } from "./sgd.ts";

const kinds = {
  adam: { create: adam, options: Adam.options },
  sgd: { create: sgd, options: Sgd.options },
};

const names = Object.keys(kinds) as (keyof typeof kinds)[];

const rules = {
  fixed: {
    weight_decay: [null, 0],
    clipnorm: [null],
    global_clipnorm: [null],
    clipvalue: [null],
    use_ema: [false],
    loss_scale_factor: [null],
    amsgrad: [false],
  },
  ignored: ["name", "ema_momentum", "ema_overwrite_frequency", "jit_compile", "is_legacy_optimizer"],
};

/**
 * The optimizer that `compile` names: "adam", "sgd", or one itself. Errors: ArgumentError with the nearest valid
 * name.
 */
export function get(given: string | Optimizer): Optimizer {
  if (given instanceof Optimizer) return given;
  if (typeof given === "string") return kinds[findName("optimizers.get", "optimizer", given, names)].create();
  if (typeof given === "object" && given !== null) return deserialize(given);
  throw new ArgumentError(`optimizers.get: the optimizer is ${valueText(given)}; use a name or one of ek.optimizers`);
}

/** An optimizer from `{ class_name, config }` as Keras 3 writes it. Errors: ArgumentError for what is not supported. */
export function deserialize(serialized: object): Optimizer {
  const op = "optimizers.deserialize";
  const { className, config } = readSerialized(op, serialized);
  const { create, options } = kinds[findName(op, "optimizer", className, names)];
  return create(readConfig(`${op}: ${className}`, config, { ...rules, options }));
}

export function serialize(optimizer: Optimizer): Serialized {
  return optimizer.toJSON();
}
