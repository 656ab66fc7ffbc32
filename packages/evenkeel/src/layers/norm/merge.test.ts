import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(3));

/** The moments of columns, by their formula in float64. */
function columns(rows: readonly (readonly number[])[]): ek.Moments {
  const n = rows.length;
  const mean = rows[0]!.map((_, c) => rows.reduce((sum, row) => sum + row[c]!, 0) / n);
  const variance = mean.map((center, c) => rows.reduce((sum, row) => sum + (row[c]! - center) ** 2, 0) / n);
  return { mean, variance, count: n };
}

async function recalibrated(x: ek.Tensor, options = {}): Promise<ek.RunningStats> {
  const layer = ek.layers.batchNormalization(options);
  await ek.stats.recalibrate(ek.sequential([layer]), x, { batchSize: 10 });
  return layer.runningStats;
}

function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, relative: number): void {
  expect(actual).toHaveLength(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    expect(Math.abs(actual[i]! - wanted[i]!)).toBeLessThanOrEqual(relative * Math.abs(wanted[i]!));
  }
}

describe("stats.merge", () => {
  it.each([{}, { movingVariance: "unbiased" }])("gives the whole of what replicas saw, %o", async (options) => {
    // Each part is its own place, so that their means count.
    const parts = [20, 3, 41].map((size, i) => ek.randomNormal([size, 2], 1e5 + i, 1));
    const replicas = await Promise.all(parts.map((part) => recalibrated(part, options)));
    const merged = ek.stats.merge(replicas);
    const whole = columns(parts.flatMap((part) => part.arraySync() as number[][]));
    expectClose(merged.mean, whole.mean, 1e-14);
    expectClose(merged.variance, whole.variance, 1e-9);
    expect(merged).toMatchObject({ count: 64, batches: 2 + 1 + 4 });

    const layer = ek.layers.batchNormalization(options);
    layer.build([null, 2]);
    layer.runningStats.replace(merged);
    const factor = options.movingVariance === "unbiased" ? 64 / 63 : 1;
    expectClose(layer.runningStats.mean, whole.mean, 6e-8);
    expectClose(
      layer.runningStats.variance,
      Array.from(whole.variance, (value) => value * factor),
      6e-8,
    );
    expect(layer.runningStats).toMatchObject({ weight: 1, count: 64, batches: 7, exact: true });
    const again = ek.stats.merge([layer.runningStats]);
    expect(again).toEqual(merged);
    const copy = ek.layers.batchNormalization(options);
    copy.build([null, 2]);
    copy.runningStats.replace(layer.runningStats);
    expect(copy.runningStats.snapshot()).toEqual(layer.runningStats.snapshot());
  });

  it("takes plain moments beside, and leaves out parts with nothing", async () => {
    const rows = [[1], [2], [4], [9]];
    const empty = ek.layers.batchNormalization({ zeroDebias: false });
    empty.build([null, 1]);
    const parts = [
      { mean: [0], variance: [1], count: 0 },
      columns(rows.slice(0, 1)),
      empty.runningStats,
      await recalibrated(ek.tensor(rows.slice(1))),
    ];
    expect(ek.stats.merge(parts)).toEqual({
      mean: Float64Array.of(4),
      variance: Float64Array.of(9.5),
      count: 4,
      batches: 2,
    });
  });

  it("keeps float64 in a checkpoint", async () => {
    const x = ek.randomNormal([9, 2], 1e5, 1);
    const model = ek.sequential([ek.layers.batchNormalization({ preset: "torch" })]);
    await ek.stats.recalibrate(model, x);
    const loaded = await ek.loadModel(await model.save());
    const statsOf = (one: ek.Sequential): ek.RunningStats => (one.layers[0] as ek.BatchNormalization).runningStats;
    expect(ek.stats.merge([statsOf(loaded)])).toEqual(ek.stats.merge([statsOf(model)]));
  });

  it("knows averages from moments", async () => {
    const x = ek.randomNormal([8, 2], 3);
    const exactAfter = (options: object, batches: number, before?: (layer: ek.BatchNormalization) => void): boolean => {
      const layer = ek.layers.batchNormalization(options);
      layer.build([null, 2]);
      before?.(layer);
      for (let i = 0; i < batches; i++) layer.apply(x, { training: true });
      if (!layer.runningStats.exact)
        expect(() => ek.stats.merge([layer.runningStats])).toThrow(/average over \d batches/);
      return layer.runningStats.exact;
    };
    expect([1, 2].map((n) => exactAfter({}, n))).toEqual([true, false]);
    expect([1, 2].map((n) => exactAfter({ momentum: null }, n))).toEqual([true, false]);
    expect([1, 2].map((n) => exactAfter({ momentum: 0 }, n))).toEqual([true, false]);
    expect(exactAfter({ momentum: 1 }, 1)).toBe(false);
    expect(exactAfter({ zeroDebias: false }, 1)).toBe(false);
    expect(exactAfter({}, 1, ({ runningStats }) => runningStats.replace(columns([[1, 2]])))).toBe(false);
    const foreign = (layer: ek.BatchNormalization): void =>
      layer.setWeights([
        [1, 1],
        [0, 0],
        [3, 3],
        [1, 1],
      ]);
    expect(exactAfter({}, 0, foreign)).toBe(false);
    const stats = await recalibrated(x);
    expect(stats.exact).toBe(true);
    const changed = ek.layers.batchNormalization();
    changed.build([null, 2]);
    changed.runningStats.replace(stats);
    changed.setWeights([...changed.getWeights().slice(0, 3), ek.ones([2])]);
    expect(changed.runningStats.exact).toBe(false);
    const one = ek.layers.batchNormalization({ movingVariance: "unbiased" });
    one.apply(x, { training: true });
    const merged = ek.stats.merge([one.runningStats]);
    expectClose(merged.variance, ek.stats.merge([stats]).variance, 1e-6);
  });

  it("refuses what does not fit", () => {
    const good = { mean: [1, 2], variance: [1, 1], count: 3 };
    const bad: [unknown, string][] = [
      [[good, { ...good, mean: [1] }], "stats.merge: mean has 1 values; use one for each of 2 channels"],
      [[{ ...good, variance: [1, -1] }], "variance is -1; use a number of at least 0"],
      [[{ ...good, mean: [1, Number.NaN] }], "mean is NaN"],
      [[{ ...good, count: 1.5 }], "count is 1.5"],
      [[{ ...good, count: 0 }], "stats.merge: no part has values"],
      [[], "stats.merge: no part has values"],
      [[{ mean: [1], count: 3 }], "variance has no values"],
    ];
    for (const [parts, message] of bad) expect(() => ek.stats.merge(parts as never)).toThrow(message);
    const layer = ek.layers.batchNormalization({ movingVariance: "unbiased" });
    expect(() => layer.runningStats.replace(good)).toThrow("no statistics yet");
    layer.apply(
      [
        [1, 2],
        [3, 5],
      ],
      { training: true },
    );
    layer.apply(
      [
        [1, 2],
        [4, 5],
      ],
      { training: true },
    );
    const before = layer.runningStats.snapshot();
    for (const wrong of [
      { ...good, count: 1 },
      { ...good, batches: 0.5 },
      { ...good, mean: [1, 2, 3] },
      layer.runningStats,
    ]) {
      expect(() => layer.runningStats.replace(wrong)).toThrow(/^batchNormalization.runningStats.replace: /);
    }
    expect(layer.runningStats.snapshot()).toEqual(before);
  });
});

describe("applyReplicas", () => {
  const batches = (): ek.Tensor[] => [5, 0, 1, 3].map((size, i) => ek.randomNormal([size, 4, 2], 1e4 + i, 1));

  it("normalizes all replicas by the statistics of all, which move once", () => {
    const [layer, whole] = [ek.layers.batchNormalization(), ek.layers.batchNormalization()];
    const xs = batches();
    const ys = layer.applyReplicas(xs, { training: true });
    expect(ys.map(({ shape }) => shape)).toEqual(xs.map(({ shape }) => shape));
    const y = whole.apply(ek.concat(xs), { training: true });
    expect(ek.concat(ys).dataSync()).toEqual(y.dataSync());
    expect(layer.runningStats.snapshot()).toEqual(whole.runningStats.snapshot());
    expect(layer.runningStats).toMatchObject({ batches: 1, count: 36 });
    // By formula: x̂ = (x − mean)/√(variance + ε) over all.
    const rows = xs.flatMap((x) => (x.arraySync() as number[][][]).flat());
    const { mean, variance } = columns(rows);
    const wanted = rows.flatMap((row) => row.map((value, c) => (value - mean[c]!) / Math.sqrt(variance[c]! + 1e-3)));
    y.dataSync().forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-5));
  });

  it("is inference without training, and where the layer is frozen", () => {
    const layer = ek.layers.batchNormalization();
    layer.applyReplicas(batches(), { training: true });
    const [xs, before] = [batches(), layer.runningStats.snapshot()];
    const wanted = ek.concat(xs.map((x) => layer.apply(x))).dataSync();
    expect(ek.concat(layer.applyReplicas(xs)).dataSync()).toEqual(wanted);
    layer.trainable = false;
    expect(ek.concat(layer.applyReplicas(xs, { training: true })).dataSync()).toEqual(wanted);
    expect(layer.runningStats.snapshot()).toEqual(before);
  });

  it("gives the gradients of the whole, through every replica", () => {
    const [layer, whole] = [ek.layers.batchNormalization({ name: "bn" }), ek.layers.batchNormalization({ name: "bn" })];
    const xs = batches().filter(({ size }) => size > 0);
    const dys = xs.map((x) => ek.randomNormal(x.shape));
    const weighted = (ys: readonly ek.Tensor[]): ek.Tensor =>
      ys.map((y, i) => ek.sum(ek.mul(y, dys[i]!))).reduce((a, b) => ek.add(a, b));
    for (const each of [layer, whole]) each.build([null, 4, 2]);
    const parts = ek.grads((...given: ek.Tensor[]) => weighted(layer.applyReplicas(given, { training: true })))(xs);
    const one = ek.grad((x) => ek.sum(ek.mul(whole.apply(x, { training: true }), ek.concat(dys))))(ek.concat(xs));
    expect(ek.concat(parts).dataSync()).toEqual(one.dataSync());
    const affine = ek.variableGrads(
      () => weighted(layer.applyReplicas(xs, { training: true })),
      layer.trainableWeights,
    );
    const wanted = ek.variableGrads(
      () => ek.sum(ek.mul(whole.apply(ek.concat(xs), { training: true }), ek.concat(dys))),
      whole.trainableWeights,
    );
    for (const [name, gradient] of Object.entries(wanted.grads)) {
      expect(affine.grads[name]!.dataSync()).toEqual(gradient.dataSync());
    }
    // Σ dx = 0 over all replicas, in none of them.
    const sums = ek.sum(one, [0, 1]).dataSync();
    for (const value of sums) expect(Math.abs(value)).toBeLessThan(1e-3);
  });

  it("takes replicas that are all empty, and refuses what does not fit", () => {
    const layer = ek.layers.batchNormalization({ inputShape: [2] });
    layer.build([null, 2]);
    const ys = layer.applyReplicas([ek.zeros([0, 2]), ek.zeros([0, 2])], { training: true });
    expect(ys.map(({ shape }) => shape)).toEqual([
      [0, 2],
      [0, 2],
    ]);
    const { numTensors } = ek.memory();
    const bad: [unknown, string][] = [
      [[[[1, 2]], [[1, 2, 3]]], "batchNormalization.applyReplicas: [1, 3] beside [1, 2]; only batch sizes may differ"],
      [[[[1, 2]], [1, 2]], "[2] beside [1, 2]"],
      [[3], "[] beside []"],
      [[], "batchNormalization.applyReplicas: no batches came"],
      [ek.zeros([2, 2]), "no batches came"],
      [[[[1, 2]]], "1 value per channel in training"],
    ];
    for (const [given, message] of bad) {
      expect(() => layer.applyReplicas(given as never, { training: true })).toThrow(message);
    }
    expect(layer.runningStats.batches).toBe(0);
    // The one of the list above.
    expect(ek.memory().numTensors).toBe(numTensors + 1);
  });
});
