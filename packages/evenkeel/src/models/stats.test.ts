import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(7));

/** `count` samples of `size` values, around 1e4 with standard deviation 1. */
const far = (count: number, size: number): ek.Tensor => ek.add(ek.randomNormal([count, size]), 1e4);

/** Mean and variance of each column, in float64. */
function columnMoments(x: ek.Tensor): { mean: number[]; variance: number[] } {
  const rows = x.arraySync() as number[][];
  const average = (f: (row: number[]) => number): number => rows.reduce((sum, row) => sum + f(row), 0) / rows.length;
  const mean = rows[0]!.map((_, j) => average((row) => row[j]!));
  return { mean, variance: mean.map((center, j) => average((row) => (row[j]! - center) ** 2)) };
}

const norm = (options?: object): ReturnType<typeof ek.layers.batchNormalization> =>
  ek.layers.batchNormalization(options);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, relative: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThanOrEqual(relative * Math.abs(expected[i]!));
  }
}

describe("stats.recalibrate", () => {
  it.each([1000, 128, 7, 2])("takes the mean and variance of all data, in batches of %i", async (batchSize) => {
    const layer = norm();
    const model = ek.sequential([layer]);
    const x = far(1000, 3);
    await ek.stats.recalibrate(model, x, { batchSize });
    const { mean, variance } = columnMoments(x);
    expectClose(layer.runningStats.mean, mean, 6e-8);
    expectClose(layer.runningStats.variance, variance, 2e-6);
    const batches = Math.ceil(1000 / batchSize);
    expect(layer.runningStats).toMatchObject({ weight: 1, batches, count: 1000 });
  });

  it("keeps the unbiased variance where the layer does", async () => {
    const layer = norm({ preset: "torch" });
    const x = far(50, 2);
    await ek.stats.recalibrate(ek.sequential([layer]), x);
    expectClose(
      layer.runningStats.variance,
      columnMoments(x).variance.map((value) => (value * 50) / 49),
      2e-6,
    );
  });

  it("goes through several layers and axes, each seeing what the ones before made of the batch", async () => {
    const [first, second] = [norm({ axis: 1 }), norm({ axis: [1, 2] })];
    const model = ek.sequential([first, ek.layers.activation({ activation: "relu" }), second]);
    const x = ek.randomNormal([6, 2, 3, 4], 3, 2);
    await ek.stats.recalibrate(model, x, { batchSize: 6 });
    const seen = ek.relu(first.apply(x));
    const { mean, variance } = ek.moments(seen, [0, 3]);
    expectClose(second.runningStats.mean, mean.dataSync(), 1e-5);
    expectClose(second.runningStats.variance, variance.dataSync(), 1e-5);
  });

  it.each([1, 3, 5, 32])("does not depend on the batches with exact: %i at a time", async (batchSize) => {
    const x = ek.randomNormal([32, 4]);
    const statistics = async (size: number): Promise<number[]> => {
      ek.setSeed(3);
      const dense = (units: number): ek.Layer => ek.layers.dense({ units, activation: "relu" });
      const [first, second] = [norm(), norm()];
      const model = ek.sequential([dense(8), first, dense(5), second, dense(2)]);
      await ek.stats.recalibrate(model, x, { exact: true, batchSize: size });
      return [first, second].flatMap(({ runningStats: { mean, variance } }) => [...mean, ...variance]);
    };
    expectClose(await statistics(batchSize), await statistics(32), 2e-6);
  });

  it("mends a model that Keras's rule left with statistics of long ago", async () => {
    const layer = norm({ zeroDebias: false });
    const model = ek.sequential([layer, ek.layers.dense({ units: 2, activation: "softmax" })]);
    model.compile({ optimizer: ek.train.adam(0.05), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
    // The deviation is 0.01: the moving variance still holds 0.7 of its first 1.
    const x = ek.mul(ek.randomNormal([64, 2]), 0.01);
    const y = ek.greater(ek.slice(x, [0, 0], [64, 1]), 0);
    await model.fit(x, ek.reshape(y, [64]), { epochs: 35, batchSize: 64 });
    const before = await model.evaluate(x, ek.reshape(y, [64]));
    await ek.stats.recalibrate(model, x);
    const after = await model.evaluate(x, ek.reshape(y, [64]));
    expect(before.loss).toBeGreaterThan(0.5);
    expect(after.loss).toBeLessThan(0.3);
    expect(after.accuracy).toBeGreaterThan(0.95);
  });

  it("leaves weights and frozen layers alone, and switches dropout off", async () => {
    const [still, frozen, last] = [norm({ trainable: false }), norm(), norm()];
    frozen.runningStats.freeze();
    const model = ek.sequential([still, ek.layers.dropout({ rate: 0.9 }), frozen, last]);
    const x = ek.add(ek.randomNormal([40, 2]), 5);
    await ek.stats.recalibrate(model, x);
    for (const { runningStats } of [still, frozen]) {
      expect([...runningStats.mean, ...runningStats.variance]).toEqual([0, 0, 1, 1]);
    }
    expectClose(last.runningStats.mean, columnMoments(frozen.apply(still.apply(x))).mean, 1e-5);
  });

  it("is saved with the model", async () => {
    const model = ek.sequential([norm({ inputShape: [3] })]);
    const x = far(20, 3);
    await ek.stats.recalibrate(model, x);
    const again = await ek.loadModel(await model.save());
    expect(again.predict(x).dataSync()).toEqual(model.predict(x).dataSync());
  });

  it("does nothing to a model without batch normalization", async () => {
    const model = ek.sequential([ek.layers.dense({ units: 1, inputShape: [2] })]);
    const before = model.getWeights().map((weight) => weight.dataSync());
    await ek.stats.recalibrate(model, far(4, 2));
    expect(model.getWeights().map((weight) => weight.dataSync())).toEqual(before);
  });

  it("changes nothing when it fails, and frees what it made", async () => {
    const layer = norm({ inputShape: [2] });
    const model = ek.sequential([layer, ek.layers.dense({ units: 1 }), norm()]);
    await ek.stats.recalibrate(model, far(10, 2));
    const before = [...layer.runningStats.mean, ...layer.runningStats.variance];
    const x = far(3, 2);
    const memory = ek.memory();
    const failing: [unknown, object, RegExp][] = [
      [x, { batchSize: 1 }, /one value a channel in batch_normalization.*larger batchSize, or exact: true/],
      [[[1, 2]], { exact: true }, /saw one value a channel; pass more data/],
      [x, { batchSize: 0 }, /batchSize/],
      [x, { exact: 1 }, /exact is 1/],
      [x, { exakt: true }, /exakt/],
      [[[1, 2, 3]], {}, /takes \[null, 2\]/],
      [[[1, Number.NaN]], {}, /NaN at sample 0/],
      [[], {}, /empty|pass/],
    ];
    for (const [data, options, message] of failing) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(ek.stats.recalibrate(model, data as ek.Tensor, options)).rejects.toThrow(message);
    }
    expect([...layer.runningStats.mean, ...layer.runningStats.variance]).toEqual(before);
    expect(ek.memory().numTensors).toBe(memory.numTensors);
  });

  it("takes back what earlier layers got when a later one fails", async () => {
    const layer = norm({ inputShape: [4, 4, 3] });
    const model = ek.sequential([layer, ek.layers.globalAveragePooling2d(), norm()]);
    await expect(ek.stats.recalibrate(model, ek.randomNormal([1, 4, 4, 3]), { exact: true })).rejects.toThrow(
      /saw one value/,
    );
    expect(layer.runningStats).toMatchObject({ weight: 0, batches: 0 });
    expect([...layer.runningStats.variance]).toEqual([1, 1, 1]);
  });
});

describe("stats.recalibrate, of other norms with running statistics", () => {
  const shape = [12, 3, 2];
  const data = ek.randomNormal(shape, 5, 2, "float32", 21);
  const over = (axes: number[]): number[][] => {
    const { mean, variance } = ek.moments(data, axes);
    return [mean, variance].map((each) => [...each.dataSync()]);
  };
  const model = (layer: ek.Layer): ek.Sequential => ek.sequential([layer]);
  const options = { inputShape: shape.slice(1) };

  it.each([
    ["switchable", () => ek.layers.switchableNormalization(options), 1],
    ["instance-batch", () => ek.layers.instanceBatchNormalization(options), 36 / 35],
  ] as const)("%s: the moments of all values", async (_, make, factor) => {
    const layer = make();
    await ek.stats.recalibrate(model(layer), data, { batchSize: 5, exact: true });
    const [mean, variance] = over([0, 1]);
    layer.runningStats.mean.forEach((value, c) => expect(value).toBeCloseTo(mean![c]!, 5));
    layer.runningStats.variance.forEach((value, c) => expect(value).toBeCloseTo(variance![c]! * factor, 4));
    expect(layer.runningStats).toMatchObject({ weight: 1, batches: 3, count: 36, frozen: false });
  });

  it("instance: the means of the samples' moments", async () => {
    const layer = ek.layers.instanceNormalization({ ...options, trackRunningStats: true });
    await ek.stats.recalibrate(model(layer), data, { batchSize: 5 });
    const [means, variances] = over([1]);
    const average = (values: number[], c: number): number =>
      values.filter((__, i) => i % 2 === c).reduce((sum, value) => sum + value, 0) / 12;
    const { mean, variance, exact } = layer.runningStats!;
    for (const c of [0, 1]) {
      expect(mean[c]).toBeCloseTo(average(means!, c), 5);
      expect(variance[c]).toBeCloseTo((average(variances!, c) * 3) / 2, 4);
    }
    expect(exact).toBe(false);
  });

  it("one behind the other: the second sees what the first makes of each batch", async () => {
    const [first, second] = [ek.layers.switchableNormalization(options), ek.layers.instanceBatchNormalization()];
    await ek.stats.recalibrate(ek.sequential([first, second]), data, { batchSize: 12 });
    const alone = ek.layers.switchableNormalization();
    const { mean } = ek.moments(alone.apply(data, { training: true }), [0, 1]);
    mean.dataSync().forEach((value, c) => expect(second.runningStats.mean[c]).toBeCloseTo(value, 5));
    expect([first, second].map(({ runningStats }) => runningStats.frozen)).toEqual([false, false]);
    expect(first.runningStats.batches).toBe(1);
  });

  it("domains too; without running statistics there is nothing to adapt", async () => {
    const layer = ek.layers.switchableNormalization(options);
    const one = model(layer);
    await ek.stats.recalibrate(one, data);
    const before = layer.runningStats.mean;
    await ek.stats.adaptDomain(one, ek.add(data, 100), { domain: "bright" });
    expect(layer.runningStats.mean[0]).toBeCloseTo(before[0]! + 100, 3);
    ek.stats.useDomain(one, "default");
    expect(layer.runningStats.mean).toEqual(before);
    const none = model(ek.layers.instanceNormalization(options));
    await expect(ek.stats.adaptDomain(none, data, { domain: "bright" })).rejects.toThrow("or there is none");
  });
});
