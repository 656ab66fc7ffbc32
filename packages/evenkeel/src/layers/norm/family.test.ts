import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { distance, normals } from "../../../../../test/property/values.ts";

const { layers } = ek;
const train = { training: true };
const images = (mean = 0): ek.Tensor => normals([3, 4, 5, 6], 7, mean);

describe("unitNormalization", () => {
  it("leaves 0 where it is, also in the gradient, and stretches what is shorter than 1e-12 by 1e12", () => {
    const layer = layers.unitNormalization();
    const y = layer
      .apply([
        [0, 0],
        [3, 4],
        [3e-13, 4e-13],
        [0, -1e-20],
      ])
      .dataSync();
    const wanted = [0, 0, 0.6, 0.8, 0.3, 0.4, 0, -1e-8];
    y.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-7 * Math.abs(wanted[i]!) + 1e-30));
    // Squares that float32 does not hold.
    const huge = layer.apply([[3e30, -4e30]]).dataSync();
    [0.6, -0.8].forEach((value, i) => expect(huge[i]).toBeCloseTo(value, 6));
    const gradient = ek
      .grad((x) => ek.sum(layer.apply(x)))(ek.tensor([[0, 0]]))
      .dataSync();
    for (const value of gradient) expect(Math.abs(value / 1e12 - 1)).toBeLessThan(1e-6);
  });
});

describe("localResponseNormalization", () => {
  it("writes what it uses", () => {
    const layer = layers.localResponseNormalization({ depthRadius: 1, alpha: 2 });
    expect(layer.getConfig()).toMatchObject({ depth_radius: 1, alpha: 2, beta: 0.5, bias: 1, axis: -1 });
    expect(ek.localResponseNormalization([[1, 1, 1]], 0, 3, 1, 1).arraySync()).toEqual([[0.25, 0.25, 0.25]]);
  });

  it("says what it cannot take", () => {
    expect(() => ek.localResponseNormalization([1], 2, NaN)).toThrow("localResponseNormalization: bias is NaN");
    expect(() => layers.localResponseNormalization({ depthRadius: -1 })).toThrow("depthRadius is -1");
    expect(() => layers.localResponseNormalization({ axis: 2 }).apply([[1]])).toThrow("axis 2 of a tensor of rank 2");
  });
});

describe("layerNormalization with rmsScaling", () => {
  it("has gamma and no beta, whatever scale and center say, and does not centre", () => {
    const layer = layers.layerNormalization({ rmsScaling: true, scale: false, center: true, epsilon: 0 });
    expect([...layer.apply([[9, 11]]).dataSync()]).toEqual([9, 11]);
    expect(layer.weights.map(({ name }) => name.split("/")[1])).toEqual(["gamma"]);
    expect(layers.deserialize(layer.toJSON()).getConfig()).toMatchObject({ rms_scaling: true });
  });
});

describe("instanceNormalization", () => {
  it("has no weights by default, and does in inference what it does in training", () => {
    const layer = layers.instanceNormalization();
    expect(layer.apply(images(), train).dataSync()).toEqual(layer.apply(images()).dataSync());
    expect(layer.weights).toEqual([]);
    expect(layer.runningStats).toBeUndefined();
  });

  it("keeps means over the batch of the mean and the unbiased variance, right from the first batch on", () => {
    const layer = layers.instanceNormalization({ trackRunningStats: true, name: "in" });
    layer.apply(
      [
        [[1], [3]],
        [[2], [8]],
      ],
      train,
    );
    const { mean, variance, count, batches } = layer.runningStats!;
    expect([...mean, ...variance]).toEqual([3.5, 10]);
    expect([count, batches]).toEqual([4, 1]);
    expect(layer.weights.map(({ name }) => name)).toEqual(["in/moving_mean", "in/moving_variance"]);
    const other = layers.instanceNormalization({ trackRunningStats: true, zeroDebias: false });
    other.apply(
      [
        [[1], [3]],
        [[2], [8]],
      ],
      train,
    );
    expect([...other.runningStats!.mean, ...other.runningStats!.variance]).toEqual([0.35, 1.9].map(Math.fround));
  });

  it("refuses one value per channel where it normalizes by itself, and not where by running statistics", () => {
    const one = ek.ones([4, 1, 3]);
    const message = "instanceNormalization: 1 value per channel of each sample ([4, 1, 3]); use 2 or more";
    for (const training of [false, true]) {
      expect(() => layers.instanceNormalization().apply(one, { training })).toThrow(message);
    }
    const tracking = layers.instanceNormalization({ trackRunningStats: true });
    expect(() => tracking.apply(one, train)).toThrow(message);
    expect(tracking.apply(one).shape).toEqual([4, 1, 3]);
    expect(() => layers.instanceNormalization({ axis: 0 }).apply(one)).toThrow("axis 0 of [4, 1, 3] is the batch");
  });
});

describe("adaptiveInstanceNormalization", () => {
  it("gives the content the style's moments, at any mean", () => {
    for (const mean of [0, 1e5]) {
      const style = normals([3, 9, 6], 3, 2, 0.5);
      const y = layers.adaptiveInstanceNormalization({ epsilon: 0 }).apply(images(mean), { condition: style });
      const [found, wanted] = [ek.moments(y, [1, 2]), ek.moments(style, 1)];
      expect(distance(found.mean, wanted.mean)).toBeLessThan(2e-6);
      expect(distance(ek.mul(found.variance, 20 / 19), ek.mul(wanted.variance, 9 / 8))).toBeLessThan(2e-6);
    }
  });

  it("takes one style for all samples", () => {
    const [layer, style] = [layers.adaptiveInstanceNormalization(), normals([1, 9, 6], 3, 2)];
    const each = ek.broadcastTo(style, [3, 9, 6]);
    const [one, all] = [style, each].map((condition) => layer.apply(images(), { condition }));
    expect(one!.dataSync()).toEqual(all!.dataSync());
  });

  it("says what style it wants", () => {
    const layer = layers.adaptiveInstanceNormalization();
    expect(() => layer.apply(images())).toThrow("no style came; use apply(x, { condition: style })");
    expect(() => layer.apply(images(), { condition: ek.ones([3, 4, 5]) })).toThrow(
      "use one for each sample, or one for all, with the same channels",
    );
    expect(() => layer.apply(images(), { condition: ek.ones([2, 4, 6]) })).toThrow("a style [2, 4, 6] for");
    expect(() => layer.apply(images(), { condition: ek.ones([3, 1, 6]) })).toThrow("1 value per channel");
    expect(() => layer.apply(ek.ones([2, 1, 6]), { condition: ek.ones([2, 3, 6]) })).toThrow("1 value per channel");
  });
});

describe("switchableNormalization", () => {
  /** mean_weight and var_weight that leave one of instance, layer and batch. */
  const only = (k: number): ek.Tensor => ek.mul(ek.oneHot([k], 3), 200);

  it.each([0, 1e4])("is each of the three where the weights say so, at mean %d", (mean) => {
    const layer = layers.switchableNormalization();
    const x = images(mean);
    layer.build(x.shape);
    const wanted = [
      layers.instanceNormalization().apply(x),
      layers.groupNormalization({ groups: 1, epsilon: 1e-5 }).apply(x),
      layers.batchNormalization({ epsilon: 1e-5 }).apply(x, train),
    ];
    wanted.forEach((y, k) => {
      for (const weight of layer.trainableWeights.slice(2)) weight.assign(ek.reshape(only(k), [3]));
      expect(distance(layer.apply(x, train), y)).toBeLessThan(4e-6);
    });
    const { mean: running, variance } = layer.runningStats;
    const whole = ek.moments(ek.sub(x, mean), [0, 1, 2]);
    expect(distance(ek.sub(ek.tensor(running), mean), whole.mean)).toBeLessThan(mean === 0 ? 1e-6 : 1e-3);
    expect(distance(ek.tensor(variance), whole.variance)).toBeLessThan(2e-6);
  });
});

describe("instanceBatchNormalization", () => {
  it("may be differentiated inside of what is differentiated, where the value alone is used", () => {
    const layer = layers.switchableNormalization();
    const [x, g] = [images(), ek.randomNormal([...images().shape], 0, 1, "float32", 4)];
    const f = (t: ek.Tensor): ek.Tensor => ek.sum(ek.mul(layer.apply(t, { training: true }), g));
    layer.build(x.shape);
    const weights = layer.trainableWeights;
    const inside = ek.variableGrads(() => ek.valueAndGrad(f)(x).value, weights).grads;
    const alone = ek.variableGrads(() => f(x), weights).grads;
    for (const { name } of weights) expect(inside[name]!.dataSync()).toEqual(alone[name]!.dataSync());
  });

  it("is instance normalization of the first channels and batch normalization of the others", () => {
    const layer = layers.instanceBatchNormalization({ ratio: 0.4 });
    const [first, second] = [ek.slice(images(), [0, 0, 0, 0], [-1, -1, -1, 2]), ek.slice(images(), [0, 0, 0, 2])];
    const norm = layers.batchNormalization({ preset: "torch" });
    for (const training of [true, false]) {
      const y = layer.apply(images(), { training });
      const wanted = [layers.instanceNormalization().apply(first), norm.apply(second, { training })];
      expect(distance(y, ek.concat(wanted, -1))).toBeLessThan(1e-6);
    }
    norm.runningStats.variance.forEach((value, c) => {
      expect(Math.abs(layer.runningStats.variance[c + 2]! - value)).toBeLessThan(1e-6);
    });
    expect(layer.weights.map(({ shape }) => shape)).toEqual([[6], [6], [6], [6]]);
  });

  it("is the one or the other with the ratio 1 or 0", () => {
    const wanted = [layers.batchNormalization({ epsilon: 1e-5 }), layers.instanceNormalization()];
    wanted.forEach((norm, ratio) => {
      const y = layers.instanceBatchNormalization({ ratio }).apply(images(), train);
      expect(distance(y, norm.apply(images(), train))).toBeLessThan(1e-6);
    });
    expect(() => layers.instanceBatchNormalization({ ratio: 2 })).toThrow("ratio is 2; use a number from 0 to 1");
    const message = "instanceBatchNormalization: 1 value per channel of each sample ([2, 6])";
    expect(() => layers.instanceBatchNormalization().apply(ek.ones([2, 6]))).toThrow(message);
  });
});

describe("all of them", () => {
  const all = (): ek.Layer[] => [
    layers.unitNormalization({ axis: [1, 2], inputShape: [4, 5, 6] }),
    layers.localResponseNormalization({ depthRadius: 1, axis: 1 }),
    layers.layerNormalization({ rmsScaling: true }),
    layers.instanceNormalization({ trackRunningStats: true, scale: true, momentum: null }),
    layers.switchableNormalization({ momentum: 0.5, center: false }),
    layers.instanceBatchNormalization({ ratio: 0.3, zeroDebias: false, axis: 1 }),
  ];

  it("are saved with a model and loaded again", async () => {
    const model = ek.sequential([...all(), layers.globalAveragePooling2d(), layers.dense({ units: 1 })]);
    model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
    await model.fit(images(), ek.ones([3, 1]), { epochs: 2, batchSize: 2 });
    const loaded = await ek.loadModel(await model.save());
    expect(loaded.toJSON()).toEqual(JSON.parse(JSON.stringify(model)));
    expect(loaded.predict(images()).arraySync()).toEqual(model.predict(images()).arraySync());
    const states = (one: ek.Sequential): unknown[] => one.layers.map(({ extraState }) => extraState?.getState());
    expect(states(loaded)).toEqual(states(model));
    // Training goes on with the same bits.
    for (const one of [model, loaded]) await one.fit(images(), ek.ones([3, 1]), { batchSize: 3 });
    expect(loaded.predict(images()).arraySync()).toEqual(model.predict(images()).arraySync());
  });

  it("take no samples and move nothing, and leave no tensors behind", () => {
    const made = [...all(), layers.adaptiveInstanceNormalization()];
    for (const layer of made) layer.build([null, 4, 5, 6]);
    const before = ek.memory().numTensors;
    ek.tidy(() => {
      for (const layer of made) {
        const condition = layer.op.startsWith("adaptive") ? { condition: ek.zeros([0, 4, 5, 6]) } : {};
        expect(layer.apply(ek.zeros([0, 4, 5, 6]), { ...train, ...condition }).shape).toEqual([0, 4, 5, 6]);
        if (layer.extraState) expect(layer.extraState.getState()).toMatchObject({ batches: 0, count: 0 });
        expect(layers.deserialize(layer.toJSON()).getConfig()).toEqual(layer.getConfig());
      }
    });
    const outside = [normals([2, 4, 5, 6], 1), normals([2, 4, 5, 6], 2)] as const;
    for (const layer of made) {
      const given = layer.op.startsWith("adaptive") ? { condition: outside[1] } : {};
      layer.apply(outside[0], given).dispose();
    }
    ek.dispose(outside);
    expect(ek.memory().numTensors).toBe(before);
  });

  it("are in inference when frozen", () => {
    for (const layer of all()) {
      layer.apply(images(), train);
      layer.trainable = false;
      const state = layer.extraState?.getState();
      expect(layer.apply(images(5), train).dataSync()).toEqual(layer.apply(images(5)).dataSync());
      expect(layer.extraState?.getState()).toEqual(state);
    }
  });
});
