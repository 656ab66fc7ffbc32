import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(11));

const { layers } = ek;
type Layers = ek.Layer[];

/** Statistics, γ and β as after training, some γ negative. */
function shake(model: ek.Sequential, positive = false): void {
  for (const layer of model.layers) {
    if (!layer.name.startsWith("batch")) continue;
    const values = layer.weights.map(({ name, shape }) => {
      if (name.endsWith("variance")) return ek.randomUniform(shape, 0.2, 3);
      return name.endsWith("gamma") && positive ? ek.randomUniform(shape, 0.1, 2) : ek.randomNormal(shape);
    });
    layer.setWeights(values);
  }
  for (const weight of model.weights) if (weight.name.endsWith("bias")) weight.assign(ek.randomNormal(weight.shape));
}

/** The largest difference of the two models' predictions, relative to the largest prediction. */
function difference(a: ek.Sequential, b: ek.Sequential, shape: number[]): number {
  const x = ek.randomNormal([4, ...shape]);
  const [p, q] = [a.predict(x).dataSync(), b.predict(x).dataSync()];
  const largest = Math.max(...p.map(Math.abs));
  return Math.max(...p.map((value, i) => Math.abs(value - q[i]!))) / largest;
}

const classes = (model: ek.Sequential): string[] => model.layers.map((layer) => layer.toJSON().class_name);
const norm = (options?: object): ek.Layer => layers.batchNormalization(options);
const conv = (options: object = {}): ek.Layer => layers.conv2d({ filters: 6, kernelSize: 3, ...options });
const image = { inputShape: [8, 7, 4] };
const first = { dataFormat: "channelsFirst" };

describe("foldBatchNorm", () => {
  const cases: [string, () => Layers, number[]][] = [
    ["behind a convolution", () => [conv(image), norm()], [8, 7, 4]],
    [
      "behind one with padding, strides and groups",
      () => [conv({ ...image, padding: "same", strides: 2, groups: 2 }), norm()],
      [8, 7, 4],
    ],
    ["behind one without bias", () => [conv({ ...image, useBias: false }), norm({ center: false })], [8, 7, 4]],
    ["behind one with channels first", () => [conv({ ...first, inputShape: [4, 8, 7] }), norm({ axis: 1 })], [4, 8, 7]],
    [
      "behind a depthwise one",
      () => [layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 3, ...image }), norm()],
      [8, 7, 4],
    ],
    [
      "behind a dense layer and dropout",
      () => [layers.dense({ units: 5, inputShape: [3] }), layers.dropout({ rate: 0.5 }), norm()],
      [3],
    ],
    ["before a convolution", () => [norm(image), conv({ activation: "relu" })], [8, 7, 4]],
    ["before one with groups", () => [norm(image), conv({ groups: 2 })], [8, 7, 4]],
    ["before one with channels first", () => [norm({ axis: 1, inputShape: [4, 8, 7] }), conv(first)], [4, 8, 7]],
    [
      "before a depthwise one",
      () => [norm(image), layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2 })],
      [8, 7, 4],
    ],
    [
      "before a dense layer",
      () => [norm({ scale: false, inputShape: [5, 3] }), layers.dense({ units: 4, useBias: false })],
      [5, 3],
    ],
    ["through flatten", () => [norm(image), layers.flatten(), layers.dense({ units: 4 })], [8, 7, 4]],
    [
      "of an axis in the middle through flatten",
      () => [norm({ axis: 2, ...image }), layers.flatten(), layers.dense({ units: 4 })],
      [8, 7, 4],
    ],
    [
      "through an average",
      () => [norm(image), layers.averagePooling2d({ padding: "same" }), conv({ kernelSize: 1 })],
      [8, 7, 4],
    ],
    [
      "through the average of all",
      () => [norm(image), layers.globalAveragePooling2d(), layers.dense({ units: 4 })],
      [8, 7, 4],
    ],
    [
      "on both sides of one layer",
      () => [
        norm({ inputShape: [3] }),
        layers.dense({ units: 4 }),
        norm(),
        layers.dense({ units: 2, activation: "softmax" }),
      ],
      [3],
    ],
  ];

  it.each(cases)("folds a normalization %s", (_, make, shape) => {
    const model = ek.sequential(make());
    shake(model);
    const folded = ek.foldBatchNorm(model);
    expect(classes(folded)).toEqual(classes(model).filter((name) => name !== "BatchNormalization"));
    expect(difference(model, folded, shape)).toBeLessThan(1e-5);
    expect(folded.inputShape).toEqual(model.inputShape);
  });

  it("folds all of the tutorial's network where no γ is negative", () => {
    const model = ek.sequential([
      layers.conv2d({ filters: 8, kernelSize: 3, activation: "relu", inputShape: [12, 12, 1] }),
      norm(),
      layers.conv2d({ filters: 16, kernelSize: 3, activation: "relu" }),
      norm(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 12, activation: "relu" }),
      norm(),
      layers.dense({ units: 10, activation: "softmax" }),
    ]);
    shake(model, true);
    const folded = ek.foldBatchNorm(model);
    expect(classes(folded)).not.toContain("BatchNormalization");
    expect(difference(model, folded, [12, 12, 1])).toBeLessThan(1e-5);
    shake(model);
    const partly = ek.foldBatchNorm(model);
    expect(classes(partly).filter((name) => name === "BatchNormalization")).toHaveLength(1);
    expect(difference(model, partly, [12, 12, 1])).toBeLessThan(1e-5);
  });

  const kept: [string, () => Layers, number[]][] = [
    [
      "between activations",
      () => [conv({ activation: "relu", ...image }), norm(), layers.activation({ activation: "relu" })],
      [8, 7, 4],
    ],
    ["before padding", () => [norm(image), conv({ padding: "same" })], [8, 7, 4]],
    ["over several axes", () => [layers.dense({ units: 4, inputShape: [5, 3] }), norm({ axis: [1, 2] })], [5, 3]],
    [
      "over another axis than the channels",
      () => [layers.dense({ units: 4, inputShape: [5, 3] }), norm({ axis: 1 })],
      [5, 3],
    ],
    [
      "before reshape",
      () => [norm({ inputShape: [6] }), layers.reshape({ targetShape: [2, 3] }), layers.dense({ units: 1 })],
      [6],
    ],
    ["alone", () => [norm({ inputShape: [3] })], [3]],
  ];

  it.each(kept)("keeps a normalization %s", (_, make, shape) => {
    const model = ek.sequential(make());
    shake(model);
    const folded = ek.foldBatchNorm(model);
    expect(classes(folded)).toEqual(classes(model));
    expect(difference(model, folded, shape)).toBe(0);
  });

  it("leaves the model as it was, and can be saved", async () => {
    const model = ek.sequential([conv(image), norm(), layers.flatten(), layers.dense({ units: 2 })]);
    shake(model);
    const before = model.weights.map((weight) => weight.dataSync());
    const { numTensors } = ek.memory();
    const folded = ek.foldBatchNorm(model);
    expect(model.weights.map((weight) => weight.dataSync())).toEqual(before);
    const again = await ek.loadModel(await folded.save());
    expect(difference(folded, again, [8, 7, 4])).toBe(0);
    again.dispose();
    folded.dispose();
    expect(ek.memory().numTensors).toBeLessThanOrEqual(numTensors + 4);
  });

  it("wants a model with weights", () => {
    expect(() => ek.foldBatchNorm(ek.sequential([norm()]))).toThrow(
      /foldBatchNorm: .* call build\(\[null, ...\]\) first/,
    );
  });
});
