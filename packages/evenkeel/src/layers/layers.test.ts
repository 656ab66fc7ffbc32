import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";
import { resetNames } from "./options.ts";

beforeEach(() => resetNames());

const { layers } = ek;
/** [1, 3, 4, 2], as the reference values below were made from. */
const image = (): ek.Tensor =>
  ek.tensor(
    Float32Array.from({ length: 24 }, (_, i) => (((i * 7) % 11) - 5) / 4),
    [1, 3, 4, 2],
  );

function expectClose(actual: ek.Tensor, wanted: readonly number[], tolerance = 1e-6): void {
  const values = actual.dataSync();
  expect(values).toHaveLength(wanted.length);
  wanted.forEach((value, i) => expect(Math.abs(values[i]! - value)).toBeLessThanOrEqual(tolerance));
}

describe("values as Keras 3.15 gives them", () => {
  it("conv2d: padding, strides, bias and an activation that is not fused", () => {
    const layer = layers.conv2d({
      filters: 2,
      kernelSize: [2, 3],
      strides: [2, 1],
      padding: "same",
      activation: "tanh",
    });
    layer.build([null, 3, 4, 2]);
    const kernel = Float32Array.from({ length: 24 }, (_, i) => (i - 11) / 20);
    layer.setWeights([ek.tensor(kernel, [2, 3, 2, 2]), [0.1, -0.2]]);
    const y = layer.apply(image());
    expect(y.shape).toEqual([1, 2, 4, 2]);
    expectClose(
      y,
      [
        -0.3474142, -0.6351489, -0.06241871, -0.4422303, 0.2093581, -0.02499473, 0.2913126, 0.099668, 0.1610846,
        -0.1732351, 0.2093582, -0.09966799, 0.4718908, 0.1488851, 0.1120278, -0.1973753,
      ],
    );
  });

  it("pooling", () => {
    const average = layers.averagePooling2d({ poolSize: 2, strides: [1, 2], padding: "same" }).apply(image());
    expect(average.shape).toEqual([1, 3, 2, 2]);
    expectClose(average, [-0.75, 0.3125, 0.75, -0.25, -0.5, -0.125, 0.3125, 0, -0.375, 0, -0.25, 0.125]);
    const largest = layers.maxPooling2d({ poolSize: [2, 3], strides: 2, padding: "same" }).apply(image());
    expect(largest.shape).toEqual([1, 2, 2, 2]);
    expectClose(largest, [0.5, 1.25, 1.25, 0.25, 0.75, 1, 0.75, 0.5]);
  });

  it("flatten with channels first", () => {
    expectClose(
      layers.flatten({ dataFormat: "channels_first" }).apply(image()),
      [
        -1.25, -1, -0.75, 0.5, 0.75, 1, -0.5, -0.25, 0, 1.25, -1.25, -1, 0.25, 0.5, 0.75, -0.75, -0.5, -0.25, 1, 1.25,
        -1.25, 0, 0.25, 0.5,
      ],
    );
  });
});

describe("layers", () => {
  it("dense works over the last axis of any rank", () => {
    const layer = layers.dense({ units: 2, activation: "relu" });
    layer.build([null, 3]);
    layer.setWeights([
      [
        [1, 0],
        [0, 1],
        [1, -1],
      ],
      [0, 10],
    ]);
    expect(layer.apply([[1, 2, 3]]).arraySync()).toEqual([[4, 9]]);
    expect(layer.apply([[[1, 2, 3]], [[-5, 0, 0]]]).arraySync()).toEqual([[[4, 9]], [[0, 10]]]);
    expect(layer.apply(ek.zeros([2, 0, 4, 3])).shape).toEqual([2, 0, 4, 2]);
  });

  it("computes the shapes that apply gives, in both formats", () => {
    const cases: [ek.Layer, number[]][] = [];
    for (const dataFormat of ["channelsLast", "channelsFirst"]) {
      for (const padding of ["valid", "same"]) {
        const options = { padding, dataFormat };
        cases.push([layers.conv2d({ ...options, filters: 5, kernelSize: 3, strides: [2, 1] }), [2, 7, 8, 6]]);
        cases.push([layers.conv2d({ ...options, filters: 5, kernelSize: 2, dilationRate: [2, 3] }), [2, 7, 8, 6]]);
        cases.push([layers.maxPooling2d({ ...options, poolSize: 3 }), [2, 7, 8, 6]]);
        cases.push([layers.averagePooling2d({ ...options, poolSize: 3, strides: 1 }), [2, 7, 8, 6]]);
      }
      cases.push([layers.globalAveragePooling2d({ dataFormat }), [2, 7, 8, 6]]);
      cases.push([layers.globalAveragePooling2d({ dataFormat, keepDims: true }), [2, 7, 8, 6]]);
      cases.push([layers.flatten({ dataFormat }), [2, 7, 8, 6]]);
    }
    cases.push([layers.flatten(), [2]], [layers.dense({ units: 4 }), [2, 3, 5]]);
    cases.push(
      [layers.reshape({ targetShape: [4, -1] }), [2, 6, 2]],
      [layers.reshape({ targetShape: [12] }), [2, 6, 2]],
    );
    cases.push([layers.dropout({ rate: 0.3 }), [2, 6]], [layers.activation({ activation: "elu" }), [2, 6]]);
    cases.push([layers.batchNormalization(), [2, 6]]);
    for (const [layer, shape] of cases) {
      const wanted = [...layer.computeOutputShape(shape)];
      expect(layer.apply(ek.ones(shape), { training: true }).shape).toEqual(wanted);
      expect(layer.computeOutputShape([null, ...shape.slice(1)])).toEqual([null, ...wanted.slice(1)]);
      expect(layer.apply(ek.ones([0, ...shape.slice(1)]), { training: true }).shape).toEqual([0, ...wanted.slice(1)]);
    }
    const unknown = layers.conv2d({ filters: 4, kernelSize: 3 });
    expect(unknown.computeOutputShape([null, null, 28, 1])).toEqual([null, null, 26, 4]);
    expect(layers.flatten().computeOutputShape([null, null, 3])).toEqual([null, null]);
  });

  it("is the same with channels first", () => {
    const options = { filters: 3, kernelSize: 2, kernelInitializer: ek.initializers.glorotUniform({ seed: 1 }) };
    const last = layers.conv2d(options).apply(image());
    const front = layers.conv2d({ ...options, dataFormat: "channelsFirst" }).apply(ek.transpose(image(), [0, 3, 1, 2]));
    expect(ek.transpose(front, [0, 2, 3, 1]).dataSync()).toEqual(last.dataSync());
  });

  it("drops with the rate, scales the rest, and goes on from a saved state", () => {
    const layer = layers.dropout({ rate: 0.25, seed: 3 });
    const x = ek.ones([200, 100]);
    const first = layer.apply(x, { training: true }).dataSync();
    const kept = first.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.75)]));
    expect(Math.abs(kept.length / first.length - 0.75)).toBeLessThan(0.015);
    expect(layer.apply(x).dataSync()).toEqual(x.dataSync());
    const state = layer.extraState.getState();
    const second = layer.apply(x, { training: true }).dataSync();
    expect(second).not.toEqual(first);
    layer.extraState.setState(JSON.parse(JSON.stringify(state)) as object);
    expect(layer.apply(x, { training: true }).dataSync()).toEqual(second);
    expect(layers.dropout({ rate: 0.25, seed: 3 }).apply(x, { training: true }).dataSync()).toEqual(first);

    const whole = layers
      .dropout({ rate: 0.5, noiseShape: [null, 1] })
      .apply(x, { training: true })
      .arraySync();
    for (const row of whole as number[][]) expect(new Set(row).size).toBe(1);
    expect(new Set(layers.dropout({ rate: 1 }).apply(x, { training: true }).dataSync())).toEqual(new Set([0]));
    expect(() => layers.dropout({ rate: 0.5, noiseShape: [3] }).apply(x, { training: true })).toThrow("noiseShape [3]");
  });

  it("takes its weights from the seed", () => {
    const weights = (): unknown => {
      ek.setSeed(5);
      const layer = layers.dense({ units: 3 });
      layer.build([null, 4]);
      return layer.getWeights()[0]!.arraySync();
    };
    expect(weights()).toEqual(weights());
  });

  it("never gives the input itself back", () => {
    for (const layer of [
      layers.dropout({ rate: 0.5 }),
      layers.activation({ activation: "linear" }),
      layers.flatten(),
    ]) {
      const x = ek.ones([2, 3]);
      layer.apply(x).dispose();
      expect(x.isDisposed).toBe(false);
    }
  });

  it("takes a mask or a condition only where it says so", () => {
    const apply = (options: object): ek.Tensor => ek.layers.dense({ units: 1 }).apply([[1]], options);
    expect(() => apply({ mask: [1] })).toThrow('dense: unknown option "mask"; valid: training');
    expect(() => apply({ condition: [1] })).toThrow('unknown option "condition"');
    expect(apply({ mask: undefined }).shape).toEqual([1, 1]);
  });

  it("leaves no tensor behind", () => {
    const x = image();
    const made = [
      layers.conv2d({ filters: 2, kernelSize: 2, activation: "gelu", dataFormat: "channelsFirst" }),
      layers.dense({ units: 2, activation: "softmax" }),
      layers.flatten({ dataFormat: "channelsFirst" }),
      layers.dropout({ rate: 0.5 }),
      layers.batchNormalization({ axis: [1, 3] }),
    ];
    for (const layer of made) layer.build(x.shape);
    const { numTensors } = ek.memory();
    for (const layer of made) for (const training of [true, false]) layer.apply(x, { training }).dispose();
    expect(ek.memory().numTensors).toBe(numTensors);
    const weights = made.reduce((sum, layer) => sum + layer.weights.length, 0);
    for (const layer of made) layer.dispose();
    expect(ek.memory().numTensors).toBe(numTensors - weights);
  });
});

describe("layer", () => {
  it("is named as Keras names it", () => {
    const names = [layers.conv2d, layers.conv2d].map((make) => make({ filters: 1, kernelSize: 1 }).name);
    expect(names).toEqual(["conv2d", "conv2d_1"]);
    const others = [
      layers.maxPooling2d(),
      layers.globalAveragePooling2d(),
      layers.batchNormalization(),
      layers.flatten(),
    ];
    expect(others.map(({ name }) => name)).toEqual([
      "max_pooling2d",
      "global_average_pooling2d",
      "batch_normalization",
      "flatten",
    ]);
    const dense = layers.dense({ units: 2, name: "head" });
    dense.build([null, 3]);
    expect(dense.weights.map(({ name, shape }) => [name, shape])).toEqual([
      ["head/kernel", [3, 2]],
      ["head/bias", [2]],
    ]);
    expect(dense.countParams()).toBe(8);
  });

  it("knows its input shape", () => {
    expect(layers.flatten({ inputShape: [28, null, 1] }).inputShape).toEqual([28, null, 1]);
    expect(layers.flatten({ batchInputShape: [null, 28, 1] }).inputShape).toEqual([28, 1]);
    expect(layers.flatten().inputShape).toBeUndefined();
  });

  it("gives gradients by name, none when frozen", () => {
    const layer = layers.dense({ units: 2, name: "d" });
    const x = ek.ones([1, 3]);
    layer.build(x.shape);
    const loss = (): ek.Tensor => ek.sum(layer.apply(x));
    expect(Object.keys(ek.variableGrads(loss).grads).toSorted()).toEqual(["d/bias", "d/kernel"]);
    layer.trainable = false;
    expect(Object.keys(ek.variableGrads(loss).grads)).toEqual([]);
    const frozen = layers.dense({ units: 2, trainable: false });
    frozen.build([null, 3]);
    frozen.trainable = true;
    expect(frozen.trainableWeights.every(({ trainable }) => trainable)).toBe(true);
  });

  it("sets all weights or none", () => {
    const layer = layers.dense({ units: 2 });
    expect(() => layer.setWeights([[1]])).toThrow("until it is built");
    layer.build([null, 1]);
    const before = layer.getWeights().map((weight) => weight.arraySync());
    expect(() => layer.setWeights([[[5, 5]], [1, 2, 3]])).toThrow(
      "dense.setWeights: values [3] for dense/bias, which is [2]; pass that shape",
    );
    expect(() => layer.setWeights([[[5, 5]]])).toThrow("1 values; dense has 2 weights");
    expect(layer.getWeights().map((weight) => weight.arraySync())).toEqual(before);
  });

  it.each<[() => unknown, string]>([
    [() => layers.conv2d({ filters: 2.5, kernelSize: 3 }), "conv2d: filters is 2.5; use an integer of at least 1"],
    [() => layers.conv2d({ filters: 2, kernelSize: [3] as never }), "kernelSize is [3]; use one number or a pair"],
    [() => layers.conv2d({ filters: 2, kernelSize: -1 }), "kernelSize is -1"],
    [() => layers.conv2d({ filters: 2 } as never), "kernelSize is undefined"],
    [() => layers.conv2d({ filters: 2, kernelSize: 3, strides: 0 }), "strides is 0"],
    [() => layers.conv2d({ filters: 2, kernelSize: 3, padding: "sme" }), 'did you mean "same"?'],
    [() => layers.conv2d({ filters: 2, kernelSize: 3, dataFormat: "NCHW" }), "valid: channelsLast, channelsFirst"],
    [() => layers.conv2d({ filters: 2, kernelSize: 3, kernelsize: 1 } as never), 'did you mean "kernelSize"?'],
    [() => layers.dense({ units: 2, activation: "rellu" }), 'unknown activation "rellu"; did you mean "relu"?'],
    [() => layers.dense({ units: 2, kernelInitializer: "glorot" }), 'unknown initializer "glorot"'],
    [() => layers.dense({ units: 2, useBias: 0 as never }), "useBias is 0; use true or false"],
    [() => layers.dense({ units: 0 }), "units is 0"],
    [() => layers.dense(undefined as never), "dense: options are undefined"],
    [() => layers.dense({ units: 2, name: "a/b" }), 'name is "a/b"'],
    [() => layers.dense({ units: 2, inputShape: [2.5] }), "inputShape is [2.5]"],
    [() => layers.dense({ units: 2, dtype: "float16" as never }), 'unknown dtype "float16"'],
    [() => layers.dropout({ rate: 1.5 }), "rate is 1.5; use a number from 0 to 1"],
    [() => layers.reshape({ targetShape: [-1, -1] }), "targetShape is [-1, -1]"],
    [() => layers.reshape({ targetShape: [5] }).apply(ek.ones([2, 3])), "samples [3] of 3 values do not fill"],
    [() => layers.dense({ units: 2 }).apply([1, 2]), "dense: the input of dense is [2]; use rank 2 or more"],
    [() => layers.dense({ units: 2 }).build([null, null]), "the size of axis -1 must be known"],
    [() => layers.conv2d({ filters: 2, kernelSize: 3 }).apply(ek.ones([1, 5, 5])), "use rank 4: [batch, height, width"],
    [() => layers.conv2d({ filters: 2, kernelSize: 3 }).build([null, 2, 5, 1]), "reaching over 3 on 2"],
    [() => layers.flatten().apply([[1]], { mask: [1] }), 'unknown option "mask"'],
    [() => layers.flatten().apply([[1]], { training: 1 as never }), "training is 1; use true or false"],
    [() => (layers.flatten().trainable = "no" as never), 'trainable is "no"'],
  ])("refuses %s", (make, message) => {
    const before = ek.memory().numTensors;
    expect(() => ek.tidy(() => void make())).toThrow(message);
    expect(ek.memory().numTensors).toBe(before);
  });

  it("can be written by users", () => {
    class Scale extends layers.Layer {
      static override readonly className = "MyScale";
      constructor() {
        super({}, []);
      }
      protected override outputShape(shape: ek.PartialShape): ek.PartialShape {
        return shape;
      }
      protected override call(x: ek.Tensor): ek.Tensor {
        return ek.mul(x, 3);
      }
    }
    const layer = new Scale();
    expect(layer.name).toBe("my_scale");
    expect(layer.apply([1, 2]).arraySync()).toEqual([3, 6]);
    expect(layer.getConfig()).toEqual({ name: "my_scale", trainable: true, dtype: "float32" });
  });
});
