import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const policy = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };
const zeros = { module: "keras.initializers", class_name: "Zeros", config: {}, registered_name: null };
const ones = { module: "keras.initializers", class_name: "Ones", config: {}, registered_name: null };
const glorot = {
  module: "keras.initializers",
  class_name: "GlorotUniform",
  config: { seed: null, input_axes: null, output_axes: null },
  registered_name: null,
};
const base = { trainable: true, dtype: policy };

/** Layers as Keras 3.15 writes them, whole. */
const keras: Record<string, Record<string, unknown>> = {
  Conv2D: {
    ...base,
    name: "conv2d",
    filters: 4,
    kernel_size: [3, 3],
    strides: [1, 1],
    padding: "valid",
    data_format: "channels_last",
    dilation_rate: [1, 1],
    groups: 2,
    activation: "relu",
    use_bias: true,
    kernel_initializer: glorot,
    bias_initializer: zeros,
    kernel_regularizer: null,
    bias_regularizer: null,
    activity_regularizer: null,
    kernel_constraint: null,
    bias_constraint: null,
  },
  DepthwiseConv2D: {
    ...base,
    name: "depthwise_conv2d",
    kernel_size: [3, 3],
    strides: [1, 1],
    padding: "valid",
    depth_multiplier: 2,
    data_format: "channels_last",
    dilation_rate: [1, 1],
    activation: "linear",
    use_bias: true,
    depthwise_initializer: glorot,
    bias_initializer: zeros,
    depthwise_regularizer: null,
    bias_regularizer: null,
    activity_regularizer: null,
    depthwise_constraint: null,
    bias_constraint: null,
  },
  BatchNormalization: {
    ...base,
    name: "batch_normalization",
    axis: -1,
    momentum: 0.99,
    epsilon: 0.001,
    center: true,
    scale: true,
    beta_initializer: zeros,
    gamma_initializer: ones,
    moving_mean_initializer: zeros,
    moving_variance_initializer: ones,
    beta_regularizer: null,
    gamma_regularizer: null,
    beta_constraint: null,
    gamma_constraint: null,
    synchronized: false,
    renorm: false,
    renorm_clipping: null,
    renorm_momentum: 0.99,
  },
  LayerNormalization: {
    ...base,
    name: "layer_normalization",
    axis: -1,
    epsilon: 0.001,
    center: true,
    scale: true,
    rms_scaling: false,
    beta_initializer: zeros,
    gamma_initializer: ones,
    beta_regularizer: null,
    gamma_regularizer: null,
    beta_constraint: null,
    gamma_constraint: null,
  },
  RMSNormalization: { ...base, name: "rms_normalization", axis: -1, epsilon: 0.000001 },
  UnitNormalization: { ...base, name: "unit_normalization", axis: [1, 2] },
  GroupNormalization: {
    ...base,
    name: "group_normalization",
    groups: 2,
    axis: -1,
    epsilon: 0.001,
    center: true,
    scale: true,
    beta_initializer: zeros,
    gamma_initializer: ones,
    beta_regularizer: null,
    gamma_regularizer: null,
    beta_constraint: null,
    gamma_constraint: null,
  },
  MaxPooling2D: {
    ...base,
    name: "max_pooling2d",
    pool_size: [2, 2],
    padding: "valid",
    strides: [2, 2],
    data_format: "channels_last",
  },
  AveragePooling2D: {
    ...base,
    name: "average_pooling2d",
    pool_size: [2, 2],
    padding: "same",
    strides: [1, 1],
    data_format: "channels_first",
  },
  GlobalAveragePooling2D: { ...base, name: "pool", data_format: "channels_last", keepdims: true },
  Flatten: { ...base, name: "flatten", data_format: "channels_last" },
  Reshape: { ...base, name: "reshape", target_shape: [-1, 2] },
  Dropout: { ...base, name: "dropout", rate: 0.2, seed: 3, noise_shape: null },
  Activation: { ...base, name: "activation", activation: "log_softmax" },
  Dense: {
    ...base,
    name: "dense",
    trainable: false,
    units: 10,
    activation: "softmax",
    use_bias: true,
    kernel_initializer: glorot,
    bias_initializer: zeros,
    kernel_regularizer: null,
    bias_regularizer: null,
    kernel_constraint: null,
    bias_constraint: null,
    quantization_config: null,
  },
};

const read = (class_name: string, config: object = {}): ek.Layer =>
  ek.layers.deserialize({ module: "keras.layers", class_name, config: { ...keras[class_name], ...config } });

describe("layers.deserialize", () => {
  it.each(Object.keys(keras))("reads Keras's %s, and writes it back", (className) => {
    const layer = read(className);
    const { class_name, config } = layer.toJSON();
    expect(class_name).toBe(className);
    const written = config as Record<string, unknown>;
    for (const [key, value] of Object.entries(written)) {
      if (key === "dtype") expect(value).toBe("float32");
      else if (key.endsWith("_initializer"))
        expect(value).toMatchObject({ class_name: (keras[className]![key] as typeof zeros).class_name });
      else expect([key, value]).toEqual([key, keras[className]![key]]);
    }
    // Nothing that can change results is left out.
    const left = Object.entries(keras[className]!).filter(([key, value]) => !(key in written) && value !== null);
    expect(left.filter(([key]) => !key.startsWith("renorm"))).toEqual([]);
    expect(ek.layers.deserialize(layer.toJSON()).getConfig()).toEqual(layer.getConfig());
  });

  it("keeps Keras's rule for running statistics, unless the config says otherwise", () => {
    expect(read("BatchNormalization").getConfig()).not.toHaveProperty("zero_debias");
    const own = ek.layers.batchNormalization({ axis: [1, 2], movingVariance: "unbiased", singleValue: "running" });
    expect(own.getConfig()).toMatchObject({ zero_debias: true, moving_variance: "unbiased", single_value: "running" });
    const again = ek.layers.deserialize(own.toJSON());
    expect(again.getConfig()).toEqual(own.getConfig());
  });

  it("reads what older Keras wrote", () => {
    const layer = ek.layers.deserialize({
      class_name: "Dense",
      config: { units: 3, batch_input_shape: [null, 4], kernel_initializer: "glorot_uniform", dtype: "float32" },
    });
    expect(layer.inputShape).toEqual([4]);
  });

  it.each<[string, object, string]>([
    ["Dense", { kernel_regularizer: { class_name: "L3", config: {} } }, 'unknown regularizer "L3"; did you mean "l1"?'],
    ["Dense", { bias_constraint: { class_name: "NonNeg", config: { axis: 0 } } }, 'NonNeg: unknown config key "axis"'],
    ["Dense", { dtype: { ...policy, config: { name: "mixed_float16" } } }, 'only "float32" is supported'],
    ["Dense", { dtype: { class_name: "QuantizedDTypePolicy", config: { mode: "int8" } } }, "dtype is an object"],
    ["Dense", { dtype: "bfloat16" }, 'dtype is "bfloat16"'],
    ["Dense", { unit: 4 }, 'layers.deserialize: Dense: unknown config key "unit"; did you mean "units"?'],
    ["Conv2D", { groups: 3 }, "4 filters in 3 groups"],
    ["Conv2D", { activity_regularizer: {} }, "activity_regularizer"],
    ["BatchNormalization", { renorm: 1 }, "renorm is 1; use true or false"],
    ["Dens", {}, 'layers.deserialize: unknown layer "Dens"; did you mean "Dense"?'],
  ])("refuses %s %o", (className, config, message) => {
    expect(() => read(className, config)).toThrow(message);
  });

  it("refuses what is no config", () => {
    for (const value of [null, "Dense", {}, { class_name: 3 }, { class_name: "Dense", config: 5 }]) {
      expect(() => ek.layers.deserialize(value as object)).toThrow("pass { class_name, config }");
    }
    const custom = { class_name: "Dense", config: {}, registered_name: "mine>Dense" };
    expect(() => ek.layers.deserialize(custom)).toThrow('"mine>Dense" is a class of its author\'s');
  });
});
