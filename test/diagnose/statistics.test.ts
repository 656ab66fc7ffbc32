import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";
import { dense, finding, norm, normal, problems, quiet, settled } from "./find.ts";

beforeEach(() => ek.setSeed(11));

const { layers } = ek;

/** The mean and variance of each column of [rows, columns], in float64. */
function columns(x: ek.Tensor): { mean: number[]; variance: number[] } {
  const rows = x.arraySync() as number[][];
  const average = (f: (row: number[]) => number): number => rows.reduce((sum, row) => sum + f(row), 0) / rows.length;
  const mean = rows[0]!.map((_, c) => average((row) => row[c]!));
  return { mean, variance: mean.map((center, c) => average((row) => (row[c]! - center) ** 2)) };
}

describe("statistics-gap", () => {
  it("finds the trap of Keras's rule, and recalibrate mends it", async () => {
    const model = ek.sequential([
      norm({ zeroDebias: false }),
      dense(8, { activation: "relu" }),
      norm({ name: "second", zeroDebias: false }),
      dense(2, { activation: "softmax" }),
    ]);
    model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
    const x = ek.mul(normal(256, 4), 0.05);
    const y = ek.reshape(ek.greater(ek.slice(x, [0, 0], [256, 1]), 0), [256]);
    await model.fit(x, y, { epochs: 10, batchSize: 64 });
    const { findings } = await ek.diagnose(model, x, { ...quiet, y });
    const gap = { problem: "statistics-gap", severity: "error", value: 1 };
    expect(findings).toMatchObject(["norm", "second"].map((layer) => ({ ...gap, layer })));
    // 0.99^40
    expect(findings[0]!.message).toContain("after 40 batches with momentum 0.99 they still hold 66.9 % of the mean 0");
    expect(findings[0]!.fix).toContain("await ek.stats.recalibrate(model, x)");
    await ek.stats.recalibrate(model, x);
    expect(await problems(model, x, { y })).toEqual([]);
  });

  it("finds nothing in the same model with debiased statistics", async () => {
    const model = ek.sequential([norm(), dense(8, { activation: "relu" }), norm({ name: "second" }), dense(2)]);
    model.compile({ optimizer: "adam", loss: "mse" });
    const x = ek.mul(normal(256, 4), 0.05);
    await model.fit(x, normal(256, 2), { epochs: 10, batchSize: 64 });
    expect(await problems(model, x)).toEqual([]);
  });

  it("measures each channel as the formulas say, at means of 1e4 too", async () => {
    const x = ek.add(ek.mul(normal(200, 3), [1, 2, 3]), [1e4, 0, -1]);
    const layer = norm({ epsilon: 0.5 });
    const model = ek.sequential([layer]);
    model.build([null, 3]);
    layer.setWeights([
      [1, 1, 1],
      [0, 0, 0],
      [1e4 - 1, 2, -1],
      [1, 1, 9],
    ]);
    const { layers: measured } = await ek.diagnose(model, x, { ...quiet, batchSize: 64 });
    const { mean, variance } = columns(x);
    const got = measured[0]!.norm!;
    [1e4 - 1, 2, -1].forEach((running, c) => {
      expect(got.meanGap[c]).toBeCloseTo(Math.abs(mean[c]! - running) / Math.sqrt(variance[c]! + 0.5), 5);
    });
    [1, 1, 9].forEach((running, c) => {
      expect(got.varianceRatio[c]).toBeCloseTo((variance[c]! + 0.5) / (running + 0.5), 5);
    });
    expect(got.varianceShift).toEqual([1, 1, 1]);
    expect(measured[0]).toMatchObject({ name: "norm", className: "BatchNormalization" });
  });

  it("knows that a reference batch is no running average", async () => {
    const model = ek.sequential([norm({ referenceBatch: ek.mul(normal(50, 3), 9) }), norm({ name: "second" })]);
    const x = normal(200, 3);
    model.build([null, 3]);
    model.apply(x, { training: true });
    expect(await problems(model, x)).toEqual([]);
    const { layers: measured } = await ek.diagnose(model, x, quiet);
    // x went through the reference, not through its own moments.
    expect(measured[1]!.norm!.batch.variance[0]).toBeLessThan(0.1);
  });

  it("needs one channel in twenty to be off", async () => {
    const x = normal(400, 40);
    const layer = norm();
    const model = await settled(ek.sequential([layer]), x);
    const [gamma, beta, mean, variance] = model.getWeights();
    const shifted = (channels: number) => ek.concat([ek.fill([channels], 1), ek.zeros([40 - channels])]);
    layer.setWeights([gamma!, beta!, ek.add(mean!, shifted(1)), variance!]);
    expect(await problems(model, x)).toEqual([]);
    layer.setWeights([gamma!, beta!, ek.add(mean!, shifted(2)), variance!]);
    const found = await finding(model, x, "statistics-gap");
    expect(found).toMatchObject({ severity: "warning", value: 0.05 });
    // These have not begun with 0 and 1.
    expect(found.message).not.toContain("still hold");
  });

  it("lets pass what few samples are off by chance", async () => {
    const layer = norm();
    const model = await settled(ek.sequential([layer]), normal(1000, 20));
    expect(await problems(model, normal(8, 20))).toEqual([]);
  });

  it("sees a layer behind one that is off as training does", async () => {
    const x = normal(300, 4);
    const [first, second] = [norm({ name: "first" }), norm({ name: "second" })];
    const model = await settled(ek.sequential([first, layers.activation({ activation: "tanh" }), second]), x);
    const [gamma, beta, mean, variance] = first.getWeights();
    first.setWeights([gamma!, beta!, mean!, ek.mul(variance!, 100)]);
    expect(await problems(model, x)).toEqual(["statistics-gap in first"]);
  });
});

describe("never-updated", () => {
  it.each([true, false])("finds statistics that nobody moved, with zeroDebias %s", async (zeroDebias) => {
    const model = ek.sequential([norm({ zeroDebias }), dense(2)]);
    expect(await problems(model, ek.add(normal(50, 3), 5))).toEqual(["never-updated in norm"]);
  });

  it("knows values that came from elsewhere", async () => {
    const x = ek.add(normal(100, 3), 7);
    const [from, to] = [norm({ name: "from" }), norm({ inputShape: [3] })];
    await settled(ek.sequential([from]), x);
    const model = ek.sequential([to]);
    to.setWeights(from.getWeights());
    expect(to.runningStats.batches).toBe(0);
    expect(await problems(model, x)).toEqual([]);
  });
});

describe("frozen-statistics", () => {
  const model = async (x: ek.Tensor) => {
    const [first, second] = [dense(4, { name: "first", useBias: false }), norm()];
    return { first, second, model: await settled(ek.sequential([first, second, dense(2)]), x) };
  };

  it("finds trainable = false and freeze() behind a layer that trains", async () => {
    const x = normal(64, 3);
    const { second, model: frozen } = await model(x);
    second.trainable = false;
    expect(await finding(frozen, x, "frozen-statistics")).toMatchObject({ layer: "norm", value: 1 });
    second.trainable = true;
    expect(await problems(frozen, x)).toEqual([]);
    second.runningStats.freeze();
    expect((await finding(frozen, x, "frozen-statistics")).message).toContain("train on: first");
  });

  it("lets them be where nothing before them trains", async () => {
    const x = normal(64, 3);
    const { first, second, model: frozen } = await model(x);
    [first.trainable, second.trainable] = [false, false];
    // Nor is there a gap between training and inference, wherever the data is.
    expect(await problems(frozen, ek.add(x, 20))).toEqual([]);
  });
});

describe("one-value-per-channel", () => {
  it("finds it in the batches of this data", async () => {
    const model = await settled(ek.sequential([dense(4, { useBias: false }), norm()]), normal(64, 3));
    expect(await problems(model, normal(3, 3), { batchSize: 1 })).toContain("one-value-per-channel in norm");
    expect(await problems(model, normal(33, 3), { batchSize: 32 })).toEqual([]);
  });

  it("finds it in the batches it was trained on", async () => {
    const layer = norm({ singleValue: "allow" });
    const model = ek.sequential([layer, dense(1)]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = normal(20, 3);
    await model.fit(x, normal(20, 1), { batchSize: 1 });
    expect((await finding(model, x, "one-value-per-channel")).message).toContain("it was trained on");
  });
});
