import * as ek from "evenkeel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(7));
afterEach(() => {
  ek.config({ fusion: true });
});

const { layers } = ek;
const ddi = { type: "weight", dataDependentInit: true };
const input = (seed = 1, mean = 0): ek.Tensor => ek.randomNormal([16, 5], mean, 1, "float32", seed);
const image = (seed = 1): ek.Tensor => ek.randomNormal([3, 6, 5, 4], 2, 1, "float32", seed);
const valuesOf = (layer: ek.Layer): number[][] => layer.weights.map((weight) => [...weight.dataSync()]);
const normalized = (kernelNormalization: string | ek.KernelNormalizationOptions, more: object = {}): ek.Layer =>
  layers.dense({ units: 3, kernelNormalization, inputShape: [5], ...more });
const built = (...given: Parameters<typeof normalized>): ek.Layer => {
  const layer = normalized(...given);
  layer.build([null, 5]);
  return layer;
};

describe("kernelNormalization", () => {
  it.each([
    ["weight", ["kernel", "bias", "g"], []],
    ["standardized", ["kernel", "bias"], []],
    ["spectral", ["kernel", "bias"], ["vector_u", "vector_v"]],
  ])("%s has its weights behind the layer's", (kind, trained, others) => {
    const layer = built(kind);
    const names = (weights: ek.Variable[]): string[] => weights.map(({ name }) => name.split("/")[1]!);
    expect(names(layer.trainableWeights)).toEqual(trained);
    expect(names(layer.nonTrainableWeights)).toEqual(others);
    expect(names(layer.weights)).toEqual([...trained, ...others]);
  });

  it("is in the config when it is set, and comes back from it", () => {
    expect(layers.dense({ units: 2 }).getConfig()).not.toHaveProperty("kernel_normalization");
    const config = { type: "standardized", epsilon: 0.5, epsilon_outside: true };
    for (const layer of [
      normalized({ type: "standardized", epsilon: 0.5, epsilonOutside: true }),
      layers.conv2d({ filters: 2, kernelSize: 2, kernelNormalization: config }),
      layers.depthwiseConv2d({ kernelSize: 2, kernelNormalization: config }),
    ]) {
      expect(layer.getConfig()["kernel_normalization"]).toEqual(config);
      expect(layers.deserialize(layer.toJSON()).toJSON()).toEqual(layer.toJSON());
    }
    expect(normalized("weight").getConfig()["kernel_normalization"]).toEqual({
      type: "weight",
      data_dependent_init: false,
    });
    expect(normalized("Spectral").getConfig()["kernel_normalization"]).toEqual({
      type: "spectral",
      power_iterations: 1,
    });
    const unset = { class_name: "Dense", config: { units: 2, kernel_normalization: null } };
    expect(layers.deserialize(unset).getConfig()).not.toHaveProperty("kernel_normalization");
  });

  it.each([
    [() => normalized("spektral"), 'dense: unknown kernelNormalization "spektral"; did you mean "spectral"?'],
    [() => normalized(5 as never), "dense: unknown kernelNormalization 5; valid: weight, standardized, spectral"],
    [() => normalized({ type: "weight", epsilon: 1 }), 'dense: kernelNormalization: unknown config key "epsilon"'],
    [() => normalized({ type: "standardized", epsilon: -1 }), "dense: kernelNormalization: epsilon is -1"],
    [() => normalized({ type: "spectral", powerIterations: 0 }), "dense: kernelNormalization: powerIterations is 0"],
    [() => built({ ...ddi, dataDependentInit: 1 as never }), "dense: kernelNormalization: dataDependentInit is 1"],
    [() => built(ddi, { useBias: false }), /dense: dense.*: dataDependentInit sets the bias too; use useBias: true/],
    [
      () =>
        layers.dense({ units: 2, kernelNormalization: { type: "standardized", epsilonOutside: true } }).apply([[1]]),
      /dense: dense.*: a fan-in of 1 has no unbiased deviation; use epsilonOutside: false/,
    ],
    [
      () => normalized("weight", { kernelInitializer: "zeros" }).apply(input()),
      /dense: dense.*: ‖v‖ of unit 0 is 0; use another kernel/,
    ],
    [
      () => normalized("spectral", { kernelInitializer: "zeros" }).apply(input(), { training: true }),
      /dense: dense.*: the spectral norm is 0; use another kernel/,
    ],
    [
      () => normalized(ddi).apply(ek.ones([1, 5]), { training: true }),
      /dense: dense.*: dataDependentInit: unit 0 is constant or not finite on this batch; use a larger one/,
    ],
  ])("says what is wrong: %s", (make, message) => {
    expect(make).toThrow(message);
  });

  it.each(["weight", ddi, "standardized", "spectral"])("runs fused as alone: %j", (kernelNormalization) => {
    const run = (fusion: boolean): number[] => {
      ek.setSeed(3);
      ek.config({ fusion });
      const model = ek.sequential([
        layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu", kernelNormalization, inputShape: [6, 5, 4] }),
        layers.batchNormalization(),
        layers.spectralNormalization(layers.conv2d({ filters: 2, kernelSize: 2 })),
        layers.batchNormalization(),
        layers.flatten(),
      ]);
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      const losses = [1, 2, 3].map((seed) => model.trainOnBatch(image(seed), ek.ones([3, 12]))["loss"]!);
      return [...losses, ...model.predict(image()).dataSync()];
    };
    const [fused, alone] = [run(true), run(false)];
    fused.forEach((value, i) => expect(value).toBeCloseTo(alone[i]!, 4));
  });

  it.each(["weight", "standardized", "spectral"])(
    "folds to a plain kernel without rules: %s",
    (kernelNormalization) => {
      const options = { useBias: false, kernelConstraint: "unitNorm" };
      for (const [activation, classes] of [
        ["linear", ["Dense"]],
        ["relu", ["Dense", "BatchNormalization"]],
      ] as const) {
        const model = ek.sequential([
          normalized(kernelNormalization, { ...options, activation }),
          layers.batchNormalization(),
        ]);
        const y = model.predict(input()).dataSync();
        const folded = ek.foldBatchNorm(model);
        expect(folded.layers.map(({ className }) => className)).toEqual(classes);
        expect(folded.layers[0]!.getConfig()).not.toHaveProperty("kernel_normalization");
        expect(folded.weights[0]!.constraint).toBeUndefined();
        const found = folded.predict(input()).dataSync();
        found.forEach((value, i) => expect(value).toBeCloseTo(y[i]!, 5));
      }
    },
  );

  it.each(["weight", ddi, "standardized", "spectral"])("keeps its memory flat: %j", (kernelNormalization) => {
    const model = ek.sequential([normalized(kernelNormalization)]);
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const [x, y] = [input(), ek.zeros([16, 3])];
    model.trainOnBatch(x, y);
    const { numTensors, numBytes } = ek.memory();
    for (let step = 0; step < 3; step++) model.trainOnBatch(x, y);
    model.predict(x).dispose();
    expect(ek.memory()).toMatchObject({ numTensors, numBytes });
  });
});

describe("weight normalization", () => {
  it("starts with w = v", () => {
    const layer = built("weight");
    const [kernel] = layer.weights;
    const y = layer.apply(input()).dataSync();
    ek.matMul(input(), kernel!)
      .dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(y[i]!, 5));
  });
});

describe("dataDependentInit", () => {
  const shapes: [string, () => ek.Layer, () => ek.Tensor][] = [
    ["dense, three axes", () => layers.dense({ units: 3, kernelNormalization: ddi }), image],
    [
      "convolution",
      () => layers.conv2d({ filters: 5, kernelSize: 3, padding: "same", kernelNormalization: ddi }),
      image,
    ],
    ["depthwise", () => layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, kernelNormalization: ddi }), image],
  ];
  it.each(shapes)("gives mean 0 and variance 1: %s", (_, make, data) => {
    const y = make().apply(data(), { training: true });
    const { mean, variance } = ek.moments(y, [0, 1, 2]);
    for (const value of mean.dataSync()) expect(value).toBeCloseTo(0, 5);
    for (const value of variance.dataSync()) expect(value).toBeCloseTo(1, 5);
  });

  it("happens once, in training, and not in a frozen layer or on nothing", () => {
    const layer = built(ddi, { activation: "relu" });
    const start = valuesOf(layer);
    layer.apply(input());
    layer.apply(ek.zeros([0, 5]), { training: true });
    layer.trainable = false;
    layer.apply(input(), { training: true });
    expect(valuesOf(layer)).toEqual(start);
    layer.trainable = true;
    expect(() => layer.apply(ek.ones([2, 5]), { training: true })).toThrow("constant");
    expect(valuesOf(layer)).toEqual(start);
    layer.apply(input(1, 3), { training: true });
    const first = valuesOf(layer);
    expect(first[0]).toEqual(start[0]);
    expect(first[1]).not.toEqual(start[1]);
    expect(first[2]).not.toEqual(start[2]);
    layer.apply(input(2, -5), { training: true });
    expect(valuesOf(layer)).toEqual(first);
  });

  it("is not done again by a loaded model", async () => {
    const model = ek.sequential([normalized(ddi)]);
    model.apply(input(), { training: true });
    const loaded = await ek.loadModel(await model.save());
    loaded.apply(input(2, 9), { training: true });
    expect(valuesOf(loaded.layers[0]!)).toEqual(valuesOf(model.layers[0]!));
  });
});

describe("a step that throws", () => {
  it.each<[string, () => ek.Layer]>([
    ["dataDependentInit", () => normalized(ddi)],
    ["spectral", () => normalized("spectral")],
    ["the wrapper", () => layers.spectralNormalization(layers.dense({ units: 3, inputShape: [5] }))],
  ])("leaves nothing behind: %s", (_, make) => {
    let fail = true;
    const loss = (t: ek.TensorLike, p: ek.TensorLike): ek.Tensor => {
      if (fail) throw new Error("now");
      return ek.losses.meanSquaredError(t, p);
    };
    const [model, other] = [ek.sequential([make()]), ek.sequential([make()])];
    for (const one of [model, other]) one.compile({ optimizer: "sgd", loss });
    const layer = model.layers[0]!;
    layer.weights[0]!.assign(ek.randomNormal([5, 3]));
    const before = valuesOf(layer);
    expect(() => model.trainOnBatch(input(), ek.zeros([16, 3]))).toThrow("now");
    expect(valuesOf(layer)).toEqual(before);
    fail = false;
    // Another batch, as if the first had not been.
    other.setWeights(model.getWeights());
    for (const one of [model, other]) one.trainOnBatch(input(2, 8), ek.zeros([16, 3]));
    expect(valuesOf(layer)).toEqual(valuesOf(other.layers[0]!));
    valuesOf(layer)
      .slice(2)
      .forEach((values, i) => expect(values).not.toEqual(before[i + 2]));
  });
});

describe("weight standardization", () => {
  it("has finite gradients where a filter is constant", () => {
    const layer = built({ type: "standardized", epsilonOutside: true }, { kernelInitializer: "ones" });
    const { grads } = ek.variableGrads(() => ek.sum(layer.apply(input())), layer.trainableWeights);
    for (const gradient of Object.values(grads)) expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
  });
});

describe("spectral normalization", () => {
  it("moves u and v in training alone, and not in a frozen layer", () => {
    const layer = built("spectral");
    layer.weights[0]!.assign(ek.randomNormal([5, 3]));
    const start = valuesOf(layer);
    layer.apply(input());
    layer.trainable = false;
    layer.apply(input(), { training: true });
    expect(valuesOf(layer)).toEqual(start);
    layer.trainable = true;
    layer.apply(input(), { training: true });
    const after = valuesOf(layer);
    expect(after.slice(0, 2)).toEqual(start.slice(0, 2));
    expect(after[2]).not.toEqual(start[2]);
    expect(after[3]).not.toEqual(start[3]);
  });

  it("has iterated 15 times on the first kernel", () => {
    const layer = layers.dense({ units: 40, kernelNormalization: "spectral" });
    layer.build([null, 30]);
    const [kernel, , u, v] = layer.weights;
    const sigma = ek.matMul(ek.matMul(v!, kernel!), ek.transpose(u!)).dataSync()[0]!;
    layer.weights[0]!.assign(ek.div(kernel!, sigma));
    for (let i = 0; i < 300; i++) layer.apply(ek.zeros([1, 30]), { training: true });
    const again = ek.matMul(ek.matMul(v!, kernel!), ek.transpose(u!)).dataSync()[0]!;
    expect(again).toBeGreaterThan(1);
    expect(again).toBeLessThan(1.05);
  });

  it("gets over a kernel of zeros", () => {
    const layer = built("spectral", { kernelInitializer: "zeros" });
    layer.weights[0]!.assign([
      [3, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    for (let i = 0; i < 20; i++) layer.apply(input(), { training: true });
    expect(layer.apply([[1, 0, 0, 0, 0]]).dataSync()[0]).toBeCloseTo(1, 5);
  });

  it("differentiates each of two calls with its own u and v", () => {
    const gradients = (together: boolean): Float32Array => {
      ek.setSeed(5);
      const layer = built("spectral");
      const kernel = layer.weights[0]!;
      kernel.assign(ek.randomNormal([5, 3]));
      const loss = (seed: number): ek.Tensor => ek.sum(ek.square(layer.apply(input(seed), { training: true })));
      const gradient = (f: () => ek.Tensor): ek.Tensor => ek.variableGrads(f, [kernel]).grads[kernel.name]!;
      if (together) return gradient(() => ek.add(loss(1), loss(2))).dataSync();
      return ek
        .add(
          gradient(() => loss(1)),
          gradient(() => loss(2)),
        )
        .dataSync();
    };
    const apart = gradients(false);
    gradients(true).forEach((value, i) => expect(value).toBeCloseTo(apart[i]!, 4));
  });
});
