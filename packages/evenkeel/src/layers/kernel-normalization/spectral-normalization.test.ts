import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(7));

const { layers } = ek;
const x = (): ek.Tensor => ek.randomNormal([6, 4], 0, 1, "float32", 1);
const dense = (options: object = {}): ek.Layer => layers.dense({ units: 3, name: "inner", ...options });

/** As Keras 3.15 writes it, whole. */
const policy = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };
const glorot = { seed: null, input_axes: null, output_axes: null };
const keras = {
  module: "keras.layers",
  class_name: "SpectralNormalization",
  config: {
    name: "sn",
    trainable: true,
    dtype: policy,
    layer: {
      module: "keras.layers",
      class_name: "Dense",
      config: {
        name: "inner",
        trainable: true,
        dtype: policy,
        units: 3,
        activation: "relu",
        use_bias: true,
        kernel_initializer: {
          module: "keras.initializers",
          class_name: "GlorotUniform",
          config: glorot,
          registered_name: null,
        },
        bias_initializer: { module: "keras.initializers", class_name: "Zeros", config: {}, registered_name: null },
        kernel_regularizer: null,
        bias_regularizer: null,
        kernel_constraint: null,
        bias_constraint: null,
        quantization_config: null,
      },
      registered_name: null,
      build_config: { input_shape: [null, 4] },
    },
    power_iterations: 2,
  },
  registered_name: null,
  build_config: { input_shape: [null, 4] },
};

describe("spectralNormalization", () => {
  it("is the layer with kernelNormalization", () => {
    const run = (layer: ek.Layer): unknown => {
      ek.setSeed(7);
      layer.apply(x(), { training: true });
      const gradient = ek.grad((value) => ek.sum(layer.apply(value)))(x());
      return [...layer.getWeights(), layer.apply(x()), gradient].map((each) => [...each.dataSync()]);
    };
    const wrapped = layers.spectralNormalization({ layer: dense({ activation: "relu" }), powerIterations: 2 });
    const kernelNormalization = { type: "spectral", powerIterations: 2 };
    expect(run(wrapped)).toEqual(run(dense({ activation: "relu", kernelNormalization })));
  });

  it("is read from Keras's config, and written as one that Keras knows", () => {
    const layer = layers.deserialize(keras);
    const json = layer.toJSON() as typeof keras;
    const { layer: inner, ...config } = json.config;
    expect({ ...json, config }).toEqual({
      module: "keras.layers",
      class_name: "SpectralNormalization",
      config: { name: "sn", trainable: true, dtype: "float32", power_iterations: 2 },
      registered_name: null,
    });
    expect(inner).toEqual(dense({ activation: "relu" }).toJSON());
    expect(layers.deserialize(json).toJSON()).toEqual(json);
    const { weights } = (layer.build([null, 4]), layer);
    expect(weights.map(({ name, shape }) => [name, shape])).toEqual([
      ["inner/kernel", [4, 3]],
      ["inner/bias", [3]],
      ["inner/vector_u", [1, 3]],
      ["inner/vector_v", [1, 4]],
    ]);
  });

  it("trains, saves and loads in a model, with the input shape of the layer inside", async () => {
    const model = ek.sequential([layers.spectralNormalization(dense({ inputShape: [4] })), layers.dense({ units: 1 })]);
    expect(model.inputShape).toEqual([null, 4]);
    expect(model.countParams()).toBe(4 * 3 + 3 + 3 + 4 + 4);
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    const step = (one: ek.Sequential): number => one.trainOnBatch(x(), ek.ones([6, 1]))["loss"]!;
    expect(step(model)).toBeGreaterThan(step(model));
    const loaded = await ek.loadModel(await model.save());
    expect(step(loaded)).toBe(step(model));
  });

  it("freezes with the layer inside", () => {
    const inner = dense();
    const layer = layers.spectralNormalization(inner);
    layer.build([null, 4]);
    expect(layer.trainableWeights).toHaveLength(2);
    layer.trainable = false;
    expect([layer.trainableWeights, layer.nonTrainableWeights.length, inner.trainable]).toEqual([[], 4, false]);
    expect(layers.spectralNormalization(dense({ trainable: false })).trainable).toBe(false);
    expect(layers.spectralNormalization({ layer: dense(), trainable: false }).layer.trainable).toBe(false);
  });

  it("takes dense and conv2d layers that are new", () => {
    const kernelNormalization = "weight";
    const done = dense();
    done.build([null, 4]);
    for (const [given, message] of [
      [layers.flatten(), "spectralNormalization: the layer is an object (Flatten); pass a dense or conv2d layer"],
      [layers.depthwiseConv2d({ kernelSize: 2 }), "pass a dense or conv2d layer"],
      [{}, "spectralNormalization: the layer is undefined; pass a dense or conv2d layer"],
      [null, "spectralNormalization: the layer is undefined"],
      [done, "inner is built or normalized already; use a new layer"],
      [dense({ kernelNormalization }), "inner is built or normalized already"],
      [{ layer: dense(), powerIterations: 0 }, "powerIterations is 0"],
      [{ layer: dense(), iterations: 2 }, 'unknown option "iterations"'],
    ] as const) {
      expect(() => layers.spectralNormalization(given as never)).toThrow(message);
    }
  });
});
