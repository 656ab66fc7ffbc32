import * as ek from "evenkeel";
import { afterEach, describe, expect, it } from "vitest";
import { Dense } from "../layers/dense.ts";
import { plan } from "./fuse.ts";

afterEach(() => {
  ek.config({ fusion: true });
});

const blocks = (): ek.Sequential => {
  ek.setSeed(3);
  const model = ek.sequential([
    ek.layers.conv2d({ filters: 9, kernelSize: 3, activation: "relu", inputShape: [10, 11, 3] }),
    ek.layers.batchNormalization(),
    ek.layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", useBias: false }),
    ek.layers.batchNormalization({ scale: false }),
    ek.layers.maxPooling2d({ poolSize: 2 }),
    ek.layers.flatten(),
    ek.layers.dense({ units: 7, activation: "relu" }),
    ek.layers.batchNormalization({ center: false }),
    ek.layers.dense({ units: 3, activation: "softmax" }),
  ]);
  model.compile({ optimizer: ek.optimizers.sgd({ learningRate: 0.1 }), loss: "categoricalCrossentropy" });
  return model;
};

const batch = (): { x: ek.Tensor; y: ek.Tensor } => ({
  x: ek.randomNormal([6, 10, 11, 3], 2, 1, "float32", 5),
  y: ek.toCategorical([0, 1, 2, 2, 1, 0], 3),
});

/** What three steps and a prediction give with fusion on or off. */
function run(fusion: boolean, change: (model: ek.Sequential) => void = () => {}) {
  ek.config({ fusion });
  const model = blocks();
  change(model);
  const { x, y } = batch();
  const first = model.trainOnBatch(x, y)["loss"];
  model.trainOnBatch(x, y);
  const loss = model.trainOnBatch(x, y)["loss"];
  const weights = model.getWeights().map((weight) => Array.from(weight.dataSync()));
  return { first, loss, weights, predictions: Array.from(model.predict(x).dataSync()) };
}

function largestDifference(a: number[][], b: number[][]): number {
  return Math.max(...a.map((values, i) => Math.max(...values.map((value, j) => Math.abs(value - b[i]![j]!)))));
}

describe("plan", () => {
  it("joins a product and the normalization of its columns", () => {
    const { layers } = blocks();
    expect(plan(layers, true).map((step) => step.layers.length)).toEqual([2, 3, 1, 2, 1]);
    expect(plan(layers, false).map((step) => step.layers.length)).toEqual(layers.map(() => 1));
  });

  it("leaves layers of other classes alone", () => {
    class Mine extends Dense {}
    const layers = [new Mine({ units: 2 }), ek.layers.batchNormalization()];
    expect(plan(layers, true)).toHaveLength(2);
  });
});

describe("fused models", () => {
  it("agree with the layers one by one", () => {
    const [fused, apart] = [run(true), run(false)];
    expect(fused.first).toBe(apart.first);
    expect(fused.loss).toBeCloseTo(apart.loss!, 5);
    expect(largestDifference(fused.weights, apart.weights)).toBeLessThan(1e-5);
    expect(largestDifference([fused.predictions], [apart.predictions])).toBeLessThan(1e-5);
  });

  it("predict the same bits", () => {
    const model = blocks();
    const { x, y } = batch();
    model.trainOnBatch(x, y);
    const fused = model.predict(x).dataSync();
    ek.config({ fusion: false });
    expect(model.predict(x).dataSync()).toEqual(fused);
  });

  it("agree where a normalization is frozen, or a whole block", () => {
    const freeze = (...indices: number[]) => {
      return (model: ek.Sequential): void => indices.forEach((i) => (model.layers[i]!.trainable = false));
    };
    for (const change of [freeze(1), freeze(0, 1), freeze(2, 3), freeze(6)]) {
      const [fused, apart] = [run(true, change), run(false, change)];
      expect(fused.loss).toBeCloseTo(apart.loss!, 5);
      expect(largestDifference(fused.weights, apart.weights)).toBeLessThan(1e-5);
    }
  });

  it("have the gradient of a prediction", () => {
    const model = blocks();
    const { x, y } = batch();
    model.trainOnBatch(x, y);
    const gradient = (): number[] =>
      Array.from(
        ek
          .grad((input) => ek.sum(ek.square(model.apply(input))))(x)
          .dataSync(),
      );
    const fused = gradient();
    ek.config({ fusion: false });
    expect(largestDifference([fused], [gradient()])).toBe(0);
  });

  it("run what cannot be fused: more axes, channels first, one value per channel", () => {
    const x = ek.randomNormal([2, 5, 4], 0, 1, "float32", 1);
    const dense = ek.sequential([ek.layers.dense({ units: 3 }), ek.layers.batchNormalization()]);
    expect(dense.apply(x, { training: true }).shape).toEqual([2, 5, 3]);
    const images = ek.randomNormal([2, 3, 6, 6], 0, 1, "float32", 1);
    const first = ek.sequential([
      ek.layers.conv2d({ filters: 4, kernelSize: 3, dataFormat: "channelsFirst" }),
      ek.layers.batchNormalization({ axis: 1 }),
    ]);
    expect(first.apply(images, { training: true }).shape).toEqual([2, 4, 4, 4]);
    const one = ek.sequential([
      ek.layers.dense({ units: 3 }),
      ek.layers.batchNormalization({ singleValue: "running" }),
    ]);
    expect(one.apply(ek.ones([1, 2]), { training: true }).shape).toEqual([1, 3]);
    const strict = ek.sequential([ek.layers.dense({ units: 3 }), ek.layers.batchNormalization()]);
    expect(() => strict.apply(ek.ones([1, 2]), { training: true })).toThrow("1 value per channel in training");
  });
});

describe("config", () => {
  it("says and changes the settings", () => {
    expect(ek.config()).toMatchObject({ winograd: "f4", fusion: true });
    expect(ek.config({ fusion: false })).toMatchObject({ winograd: "f4", fusion: false });
    expect(ek.config({ winograd: "f6" })).toMatchObject({ winograd: "f6", fusion: false });
    expect(ek.config({ winograd: "f4" })).toMatchObject({ winograd: "f4" });
  });

  it("refuses what it does not know, and changes nothing", () => {
    expect(() => ek.config({ winograd: "f8" as never, fusion: false })).toThrow('config: winograd is "f8"');
    expect(() => ek.config({ fusion: 1 as never })).toThrow("config: fusion is 1; use true or false");
    expect(() => ek.config({ wino: true } as never)).toThrow("wino");
    expect(ek.config()).toMatchObject({ winograd: "f4", fusion: true });
  });
});
