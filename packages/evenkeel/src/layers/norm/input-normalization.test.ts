import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const { normalization } = ek.layers;
const nan = Number.NaN;

/** Mean and biased variance, naively in float64. */
function moments(values: ArrayLike<number>): { mean: number; variance: number } {
  const all = Array.from(values);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return { mean, variance: all.reduce((a, b) => a + (b - mean) * (b - mean), 0) / all.length };
}

/** NumPy's quantile, linear between neighbours. */
function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low]! + (sorted[Math.ceil(place)]! - sorted[low]!) * (place - low);
}

function column(x: ek.Tensor, i: number): number[] {
  return (x.arraySync() as number[][]).map((row) => row[i]!);
}

async function adapted(data: ek.InputData, options?: ek.NormalizationOptions): Promise<ek.Normalization> {
  const layer = normalization(options);
  await layer.adapt(data);
  return layer;
}

const weights = (layer: ek.Layer): unknown[] => layer.getWeights().map((weight) => weight.arraySync());
const table = [
  [0, 7, 4],
  [2, 9, 6],
  [0, 7, 4],
  [2, 9, 6],
];

describe("normalization", () => {
  it("has Keras's statistics as weights that do not train", async () => {
    const layer = await adapted(table, { name: "n" });
    expect(layer.weights.map(({ name, shape }) => [name, shape])).toEqual([
      ["n/mean", [3]],
      ["n/variance", [3]],
      ["n/count", []],
    ]);
    expect(weights(layer)).toEqual([[1, 8, 5], [1, 1, 1], 4]);
    expect(layer.trainableWeights).toEqual([]);
    expect(layer.apply([[0, 7, 4]]).arraySync()).toEqual([[-1, -1, -1]]);
    expect(layer.inverse([[-1, 2, 0]]).arraySync()).toEqual([[0, 10, 5]]);
  });

  it.each([1e4, 1e5, -1e5])("keeps its digits at a mean of %d", async (mean) => {
    const x = ek.randomNormal([5000, 2], mean, 1, "float32", 3);
    const layer = await adapted(x);
    const y = layer.apply(x);
    for (const i of [0, 1]) {
      const wanted = moments(column(x, i));
      expect(layer.getWeights()[0]!.dataSync()[i]).toBe(Math.fround(wanted.mean));
      expect(layer.getWeights()[1]!.dataSync()[i]! / wanted.variance).toBeCloseTo(1, 6);
      // The mean itself is rounded to float32: by 0.004 at 1e5.
      const got = moments(column(y, i));
      expect(Math.abs(got.mean)).toBeLessThan(Math.abs(mean) * 6e-8);
      expect(got.variance).toBeCloseTo(1, 5);
    }
  });

  it("centres a constant feature and leaves its scale", async () => {
    const x = ek.tensor([0.1, 5, 0.1, 7, 0.1, 9], [3, 2]);
    for (const method of ["standard", "minMax", "robust", "log"]) {
      const layer = await adapted(x, { method });
      expect(column(layer.apply(x), 0)).toEqual([0, 0, 0]);
      expect(layer.apply([[1.1, 5]]).dataSync()[0]).toBeCloseTo(method === "log" ? Math.log(2.1 / 1.1) : 1, 6);
    }
    const given = normalization({ mean: [2, 0], variance: [0, 1e-20] });
    expect(given.apply([[5, 1]]).dataSync()[0]).toBe(3);
    // Keras's smallest divisor.
    expect(given.apply([[5, 1]]).dataSync()[1]! / 1e7).toBeCloseTo(1, 6);
  });

  it("takes several axes, and none", async () => {
    const x = ek.randomNormal([3, 4, 5], 2, 3, "float32", 1);
    const two = await adapted(x, { axis: [2, 1] });
    expect(two.weights.map(({ shape }) => shape)).toEqual([[4, 5], [4, 5], []]);
    const values = (i: number, j: number): number[] => (x.arraySync() as number[][][]).map((sample) => sample[i]![j]!);
    const { mean, variance } = moments(values(2, 3));
    expect(two.getWeights()[0]!.dataSync()[13]).toBeCloseTo(mean, 6);
    expect(two.getWeights()[1]!.dataSync()[13]).toBeCloseTo(variance, 5);
    expect(two.apply(x).dataSync()[13]).toBeCloseTo((values(2, 3)[0]! - mean) / Math.sqrt(variance), 5);
    const one = await adapted(x, { axis: null });
    expect(one.getWeights().map(({ shape }) => shape)).toEqual([[], [], []]);
    expect(one.getWeights()[0]!.dataSync()[0]).toBeCloseTo(moments(x.dataSync()).mean, 6);
  });

  it("broadcasts a given mean and variance", () => {
    expect(
      normalization({ mean: 3, variance: 4 })
        .apply([[1, 3, 7]])
        .arraySync(),
    ).toEqual([[-1, 0, 2]]);
    const rows = normalization({ axis: [1, 2], mean: [1, 2], variance: [1, 4] });
    expect(
      rows
        .apply([
          [
            [1, 2],
            [3, 4],
          ],
        ])
        .arraySync(),
    ).toEqual([
      [
        [0, 0],
        [2, 1],
      ],
    ]);
    expect(rows.weights).toEqual([]);
    const inverse = normalization({ mean: new Float32Array([1, 2]), variance: [1, 4], invert: true });
    expect(inverse.apply([[1, 1]]).arraySync()).toEqual([[2, 4]]);
    expect(inverse.inverse([[2, 4]]).arraySync()).toEqual([[1, 1]]);
  });

  it("forgets what it was adapted to before", async () => {
    const layer = await adapted([[100], [300]]);
    await layer.adapt([[1], [3]]);
    expect(weights(layer)).toEqual([[2], [1], 2]);
  });
});

describe("methods", () => {
  it("minMax maps the smallest and the largest to the range", async () => {
    const x = [
      [-3, 1e6],
      [5, 1e6 + 3],
      [1, 1e6 + 1],
    ];
    const layer = await adapted(x, { method: "minMax", name: "m" });
    expect(layer.weights.map(({ name }) => name)).toEqual(["m/min", "m/max", "m/count"]);
    expect(column(layer.apply(x), 0)).toEqual([0, 1, 0.5]);
    expect(column(layer.apply(x), 1)).toEqual([0, 1, Math.fround(1 / 3)]);
    const other = await adapted(x, { method: "min_max", range: [-1, 1] });
    expect(column(other.apply(x), 0)).toEqual([-1, 1, 0]);
    expect(other.inverse(other.apply(x)).arraySync()).toEqual(x);
  });

  it("robust is moved by no outlier", async () => {
    const x = Float32Array.from({ length: 1001 }, (_, i) => (i === 500 ? 1e9 : (i * 37) % 1001));
    const layer = await adapted(
      [...x].map((value) => [value]),
      { method: "robust" },
    );
    const [median, iqr] = layer.getWeights().map((weight) => weight.dataSync()[0]!);
    expect(median).toBe(quantile(x, 0.5));
    expect(iqr).toBe(quantile(x, 0.75) - quantile(x, 0.25));
    const wide = await adapted(
      [...x].map((value) => [value]),
      { method: "robust", quantiles: [0.1, 0.95] },
    );
    expect(wide.getWeights()[1]!.dataSync()[0]).toBeCloseTo(quantile(x, 0.95) - quantile(x, 0.1), 3);
  });

  it("log is the standard of logarithms", async () => {
    const x = Float32Array.from({ length: 300 }, (_, i) => (i - 100) * 1000);
    const layer = await adapted(
      [...x].map((value) => [value]),
      { method: "log" },
    );
    const { mean, variance } = moments(x.map((value) => Math.sign(value) * Math.log1p(Math.abs(value))));
    expect(layer.getWeights()[0]!.dataSync()[0]).toBeCloseTo(mean, 5);
    expect(layer.getWeights()[1]!.dataSync()[0]).toBeCloseTo(variance, 4);
  });
});

describe("missing values", () => {
  const x = ek.tensor([1, nan, 3, 10, nan, 20, nan, 40], [4, 2]);

  it('are left out by "ignore", feature by feature, and stay NaN', async () => {
    const layer = await adapted(x, { missing: "ignore" });
    const [mean, variance, count] = layer.getWeights().map((weight) => [...weight.dataSync()]);
    expect(mean).toEqual([2, 70 / 3].map(Math.fround));
    expect(variance).toEqual([1, moments([10, 20, 40]).variance].map(Math.fround));
    expect(count).toEqual([4]);
    expect(column(layer.apply(x), 0)).toEqual([-1, 1, nan, nan]);
    await layer.adapt([ek.tensor([[nan, 1]]), x, ek.tensor([[nan, 1]])]);
    expect(layer.getWeights()[0]!.dataSync()[0]).toBe(2);
  });

  it.each(["standard", "minMax", "robust", "log"])('become 0 by "zero" in %s', async (method) => {
    const layer = await adapted(x, { missing: "zero", method });
    for (const value of column(layer.apply(x), 0).slice(2)) expect(Math.abs(value)).toBe(0);
    const dx = ek.grad((input) => layer.apply(input))(
      ek.tensor([
        [1, nan],
        [2, 3],
      ]),
      ek.ones([2, 2]),
    );
    expect(dx.dataSync()[1]).toBe(0);
    expect(dx.dataSync()[3]).toBeGreaterThan(0);
  });

  it('reach a model by "zero" alone', async () => {
    const layer = await adapted(x, { missing: "zero", inputShape: [2] });
    const model = ek.sequential([layer, ek.layers.dense({ units: 1 })]);
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const { history } = await model.fit(x, [[1], [2], [3], [4]]);
    expect(Number.isFinite(history.loss![0])).toBe(true);
    expect(model.predict(x).dataSync().every(Number.isFinite)).toBe(true);
    expect(() =>
      model.predict([
        [1, 2],
        [3, Infinity],
      ]),
    ).toThrow("predict: x holds Infinity at sample 1");
    const strict = ek.sequential([await adapted(table)]);
    expect(() => strict.predict([[1, 2, nan]])).toThrow("predict: x holds NaN at sample 0");
  });
});

describe("in a model", () => {
  it("keeps its statistics in training and files", async () => {
    const x = ek.randomNormal([64, 3], 50, 7, "float32", 1);
    const layers = ["standard", "minMax", "robust", "log"].map((method) => normalization({ method }));
    for (const layer of layers) await layer.adapt(x);
    const model = ek.sequential([layers[0]!, ek.layers.dense({ units: 3 }), ...layers.slice(1)]);
    model.build([null, 3]);
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const before = layers.map(weights);
    await model.fit(x, ek.zeros([64, 3]), { epochs: 2 });
    expect(layers.map(weights)).toEqual(before);
    const loaded = await ek.loadModel(await model.save());
    expect(loaded.predict(x).arraySync()).toEqual(model.predict(x).arraySync());
    expect(loaded.toJSON()).toEqual(model.toJSON());
  });

  it("is written and read with Keras's keys", () => {
    const plain = normalization({ name: "n", axis: null });
    const { config } = plain.toJSON();
    const base = { name: "n", trainable: true, dtype: "float32" };
    expect(config).toEqual({ ...base, axis: null, invert: false, mean: null, variance: null });
    const options = { axis: [1], invert: true, missing: "zero", method: "minMax", range: [-1, 1] as [number, number] };
    for (const layer of [
      plain,
      normalization(options),
      normalization({ mean: [[1, 2]], variance: [[3, 4]], axis: [1, 2] }),
    ]) {
      expect(ek.layers.deserialize(JSON.parse(JSON.stringify(layer)) as object).toJSON()).toEqual(layer.toJSON());
    }
    const keras = { class_name: "Normalization", config: { axis: [], invert: false, mean: null, variance: null } };
    expect(ek.layers.deserialize(keras).getConfig().axis).toBe(null);
  });

  it("without statistics is an error, with those of a file that counts nothing it is not", () => {
    const layer = normalization({ name: "n" });
    const message = "normalization: n has no statistics; await adapt(data), or give mean and variance";
    expect(() => layer.apply([[1, 2]])).toThrow(message);
    expect(() => layer.inverse([[1, 2]])).toThrow(message);
    layer.setWeights([[1, 2], [4, 1], 0]);
    expect(layer.apply([[5, 3]]).arraySync()).toEqual([[2, 1]]);
  });
});

describe("options", () => {
  it.each<[ek.NormalizationOptions, string]>([
    [{ mean: 1 }, "normalization: mean is 1 and variance undefined; pass both, finite, no variance below 0"],
    [{ mean: 1, variance: -1 }, "pass both, finite, no variance below 0"],
    [{ mean: nan, variance: 1 }, "mean is NaN and variance 1"],
    [{ mean: 1, variance: 1, method: "log" }, 'mean and variance with the method "log"; use "standard"'],
    [{ method: "zscore" }, "normalization: unknown method"],
    [{ missing: "drop" }, "normalization: unknown missing"],
    [{ range: [1, 1] }, "range is [1, 1]; use two numbers, the smaller one first"],
    [{ quantiles: [0.5, 2] }, "quantiles is 2; use a number from 0 to 1"],
    [{ range: [0, 1, 2] as never }, "range is [0, 1, 2]; use two numbers"],
    [{ axis: 0.5 }, "axis is 0.5"],
  ])("%j is an error", (options, message) => {
    expect(() => normalization(options)).toThrow(message);
  });

  it("that do not fit the data are errors", async () => {
    expect(() => normalization({ mean: [1, 2], variance: [1, 2] }).apply([[1, 2, 3]])).toThrow("[2]");
    const given = normalization({ mean: 1, variance: 1 });
    await expect(given.adapt([[1]])).rejects.toThrow("normalization.adapt: mean and variance were given");
    expect(() => normalization().build([null, null])).toThrow("the size of axis 1 must be known");
  });
});
