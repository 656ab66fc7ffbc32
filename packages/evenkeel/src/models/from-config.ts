import type { Serialized } from "../keras.ts";
import { ArgumentError, checkKeys, DataError, valueText } from "../errors.ts";
import { deserialize } from "../layers/deserialize.ts";
import type { PartialShape } from "../tensor/shape.ts";
import { compileFromConfig } from "./compile.ts";
import type { ModelConfig } from "./config.ts";
import type { CustomFunctions } from "./identifiers.ts";
import { Sequential } from "./sequential.ts";

export interface FromConfigOptions {
  /** Compile as the config says, when it does. Default: true. */
  compile?: boolean;
  /** Your own losses, metrics, regularizers and constraints by name, which a config only names. */
  custom?: CustomFunctions;
}

/**
 * A model from a Keras 3 config of a Sequential (`model.to_json()`, or evenkeel's `model.toJSON()`), as text or parsed.
 * The weights are initialized anew. It is compiled as the config says.
 *
 * Errors: DataError for what is no such config; ArgumentError for layers, optimizers or options that are not there.
 */
export function fromConfig(json: string | object, options: FromConfigOptions = {}): Sequential {
  const op = "models.fromConfig";
  checkKeys(op, options, ["compile", "custom"]);
  const { class_name: className, config, build_config: build, compile_config: compiling } = parse(op, json);
  if (className !== "Sequential") {
    throw new ArgumentError(`${op}: the class is ${valueText(className)}; only Sequential models can be read`);
  }
  if (!Array.isArray(config?.layers)) throw new DataError(`${op}: config.layers is missing; pass a whole Keras config`);
  const model = new Sequential({ name: config.name });
  try {
    let inputShape = config.build_input_shape ?? build?.input_shape;
    for (const layer of config.layers) {
      if (layer?.class_name === "InputLayer") inputShape = readInputShape(op, layer);
      else model.add(deserialize(layer, options.custom));
    }
    if (inputShape && !model.built && model.layers.length > 0) model.build(inputShape);
    if (compiling && (options.compile ?? true)) model.setCompiled(compileFromConfig(compiling, options.custom));
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function parse(op: string, json: string | object): ModelConfig {
  let value: unknown = json;
  if (typeof json === "string") {
    try {
      value = JSON.parse(json);
    } catch (cause) {
      throw new DataError(`${op}: the text is no JSON (${(cause as Error).message}); pass model.to_json()`, { cause });
    }
  }
  if (typeof value === "object" && value !== null) return value as ModelConfig;
  throw new DataError(`${op}: the config is ${valueText(value)}; pass an object, or its JSON`);
}

/** Keras 3 says `batch_shape`, older versions `batch_input_shape`. */
function readInputShape(op: string, { config }: Serialized): PartialShape {
  const { batch_shape, batch_input_shape } = (config ?? {}) as Record<string, PartialShape | undefined>;
  const shape = batch_shape ?? batch_input_shape;
  if (Array.isArray(shape)) return shape as PartialShape;
  throw new DataError(`${op}: an InputLayer has no batch_shape`);
}
