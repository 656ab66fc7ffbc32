import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const policy = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };
const glorot = {
  module: "keras.initializers",
  class_name: "GlorotUniform",
  config: { seed: null },
  registered_name: null,
};
const zeros = { module: "keras.initializers", class_name: "Zeros", config: {}, registered_name: null };

/** As `model.to_json()` of Keras 3.15.1 writes it. */
const keras = {
  module: "keras",
  class_name: "Sequential",
  config: {
    name: "small",
    trainable: true,
    dtype: policy,
    layers: [
      {
        module: "keras.layers",
        class_name: "InputLayer",
        config: { batch_shape: [null, 5], dtype: "float32", sparse: false, ragged: false, name: "input_layer" },
        registered_name: null,
      },
      {
        module: "keras.layers",
        class_name: "Dense",
        config: {
          name: "hidden",
          trainable: true,
          dtype: policy,
          units: 3,
          activation: "relu",
          use_bias: true,
          kernel_initializer: glorot,
          bias_initializer: zeros,
          kernel_regularizer: null,
          bias_regularizer: null,
          kernel_constraint: null,
          bias_constraint: null,
          quantization_config: null,
        },
        registered_name: null,
        build_config: { input_shape: [null, 5] },
      },
      {
        module: "keras.layers",
        class_name: "BatchNormalization",
        config: { name: "norm", trainable: false, dtype: policy, axis: -1, momentum: 0.9, epsilon: 0.01 },
        registered_name: null,
        build_config: { input_shape: [null, 3] },
      },
    ],
    build_input_shape: [null, 5],
  },
  registered_name: null,
  build_config: { input_shape: [null, 5] },
  compile_config: {
    optimizer: { module: "keras.optimizers", class_name: "SGD", config: { learning_rate: 0.5 }, registered_name: null },
    loss: "mean_squared_error",
    loss_weights: null,
    metrics: ["mae"],
    weighted_metrics: null,
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: false,
  },
};

describe("models.fromConfig", () => {
  it("reads what Keras writes, as text or parsed", () => {
    for (const json of [keras, JSON.stringify(keras)]) {
      const model = ek.models.fromConfig(json);
      expect([model.name, model.inputShape, model.outputShape]).toEqual(["small", [null, 5], [null, 3]]);
      expect(model.layers.map(({ name, trainable }) => [name, trainable])).toEqual([
        ["hidden", true],
        ["norm", false],
      ]);
      expect(model.optimizer!.learningRate).toBe(0.5);
      expect(Object.keys(model.trainOnBatch(ek.ones([2, 5]), ek.ones([2, 3])))).toEqual(["loss", "mae"]);
    }
  });

  it("gives back its own config", () => {
    const model = ek.models.fromConfig(keras);
    const json = JSON.stringify(model);
    expect(JSON.stringify(ek.models.fromConfig(json))).toBe(json);
    expect(model.toJSON()).toMatchObject({
      module: "keras",
      class_name: "Sequential",
      config: { name: "small", build_input_shape: [null, 5] },
      build_config: { input_shape: [null, 5] },
      compile_config: { loss: "mean_squared_error", metrics: ["mae"] },
    });
    expect(model.getConfig().layers.map((layer) => layer.class_name)).toEqual([
      "InputLayer",
      "Dense",
      "BatchNormalization",
    ]);
    expect(ek.models.fromConfig(keras, { compile: false }).optimizer).toBeUndefined();
  });

  it("works without an input shape", () => {
    const model = ek.sequential({ layers: [ek.layers.dense({ units: 2, name: "d" })], name: "open" });
    const again = ek.models.fromConfig(model.toJSON());
    expect([again.built, again.name, again.optimizer]).toEqual([false, "open", undefined]);
  });

  it.each([
    ["{", "the text is no JSON"],
    [5, "the config is 5"],
    [{ ...keras, class_name: "Functional" }, 'the class is "Functional"; only Sequential'],
    [{ class_name: "Sequential" }, "config.layers is missing"],
    [{ ...keras, config: { layers: [{ class_name: "Denes", config: {} }] } }, 'did you mean "Dense"'],
    [{ ...keras, compile_config: { ...keras.compile_config, loss: "mean_square_error" } }, 'did you mean "mean'],
    [{ ...keras, compile_config: { ...keras.compile_config, optimizer: { class_name: "Lion", config: {} } } }, "Lion"],
  ])("refuses %#", (json, message) => {
    expect(() => ek.models.fromConfig(json as object)).toThrow(message);
  });
});
