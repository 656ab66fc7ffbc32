import type { PartialShape } from "../tensor/shape.ts";
import type { Serialized } from "../keras.ts";
import { type CompileConfig, compileConfig } from "./compile.ts";
import type { Sequential } from "./sequential.ts";

/** A Sequential model as Keras 3 writes it. */
export interface ModelConfig {
  module: string;
  class_name: string;
  config: {
    name: string;
    trainable?: boolean;
    layers: Serialized[];
    build_input_shape?: PartialShape;
  };
  registered_name?: string | null;
  build_config?: { input_shape: PartialShape };
  compile_config?: CompileConfig;
}

/** The config of a model, with how it was compiled. */
export function modelConfig(model: Sequential): ModelConfig {
  const { name, inputShape, compiled } = model;
  const layers = model.layers.map((layer) => layer.toJSON());
  const config: ModelConfig["config"] = { name, trainable: true, layers };
  const result: ModelConfig = { module: "keras", class_name: "Sequential", config, registered_name: null };
  if (inputShape !== undefined) {
    config.layers.unshift(inputLayer(inputShape));
    config.build_input_shape = inputShape;
    result.build_config = { input_shape: inputShape };
  }
  if (compiled !== undefined) result.compile_config = compileConfig(compiled);
  return result;
}

function inputLayer(shape: PartialShape): Serialized {
  const config = { batch_shape: shape, dtype: "float32", sparse: false, ragged: false, name: "input_layer" };
  return { module: "keras.layers", class_name: "InputLayer", config, registered_name: null };
}
