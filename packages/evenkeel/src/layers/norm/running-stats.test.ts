import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const batch = [
  [1, 2],
  [3, -2],
  [8, 6],
];

describe("runningStats", () => {
  it("starts again after reset with channels on several axes", () => {
    const layer = ek.layers.batchNormalization({ axis: [1, 2] });
    layer.apply(ek.randomNormal([5, 2, 3]), { training: true });
    layer.runningStats.reset();
    expect([...layer.runningStats.mean, ...layer.runningStats.variance]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });

  it("starts at 0, 1 and weight 0, and starts again after reset", () => {
    const layer = ek.layers.batchNormalization();
    expect(() => layer.runningStats.mean).toThrow("batchNormalization.runningStats: the layer has no statistics yet");
    layer.build([null, 2]);
    const start = layer.runningStats.snapshot();
    expect(start).toEqual({
      values: { mean: new Float32Array(2), variance: new Float32Array([1, 1]) },
      weight: 0,
      batches: 0,
      count: 0,
      frozen: false,
      domain: "default",
      domains: new Map(),
    });
    layer.apply(batch, { training: true });
    expect(layer.runningStats).toMatchObject({ batches: 1, count: 3 });
    layer.runningStats.reset();
    expect(layer.runningStats.snapshot()).toEqual(start);
  });

  it("gives copies", () => {
    const layer = ek.layers.batchNormalization();
    layer.build([null, 2]);
    layer.runningStats.mean.fill(7);
    expect(layer.runningStats.mean).toEqual(new Float32Array(2));
  });

  it("stops while frozen, though training normalizes by the batch", () => {
    const layer = ek.layers.batchNormalization();
    layer.build([null, 2]);
    layer.runningStats.freeze();
    const y = layer.apply(batch, { training: true });
    expect(y.dataSync()).not.toEqual(layer.apply(batch).dataSync());
    expect(layer.runningStats).toMatchObject({ batches: 0, count: 0, weight: 0, frozen: true });
    layer.runningStats.thaw();
    layer.apply(batch, { training: true });
    expect(layer.runningStats.batches).toBe(1);
  });

  it("moves not at all with momentum 1, wholly with momentum 0", () => {
    const still = ek.layers.batchNormalization({ momentum: 1 });
    const last = ek.layers.batchNormalization({ momentum: 0 });
    for (const x of [batch, ek.mul(batch, 2)]) for (const layer of [still, last]) layer.apply(x, { training: true });
    expect(still.runningStats).toMatchObject({
      weight: 0,
      mean: new Float32Array(2),
      variance: new Float32Array([1, 1]),
    });
    expect([...last.runningStats.mean]).toEqual([8, 4]);
    expect(last.runningStats.weight).toBe(1);
  });

  it("takes foreign values whole, its own and the first ones as they are", () => {
    const layer = ek.layers.batchNormalization();
    layer.build([null, 2]);
    const untouched = layer.getWeights();
    layer.setWeights(untouched);
    expect(layer.runningStats.weight).toBe(0);
    layer.setWeights([
      [1, 1],
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
    expect(layer.runningStats.weight).toBe(0);
    layer.apply(batch, { training: true });
    const weight = layer.runningStats.weight;
    expect(weight).toBeCloseTo(0.01, 10);
    layer.setWeights(layer.getWeights());
    expect(layer.runningStats.weight).toBe(weight);
    const [gamma, beta] = layer.getWeights();
    layer.setWeights([ek.mul(gamma!, 2), beta!, ...layer.getWeights().slice(2)]);
    expect(layer.runningStats.weight).toBe(weight);
    layer.setWeights(untouched);
    expect(layer.runningStats.weight).toBe(1);

    const loaded = ek.layers.batchNormalization();
    loaded.build([null, 2]);
    loaded.setWeights([
      [1, 1],
      [0, 0],
      [5, 6],
      [2, 3],
    ]);
    expect(loaded.runningStats.weight).toBe(1);
    loaded.apply(batch, { training: true });
    expect(loaded.runningStats.mean[0]).toBeCloseTo(5 + 0.01 * (4 - 5), 5);

    const initialized = ek.layers.batchNormalization({ movingMeanInitializer: ek.initializers.constant({ value: 2 }) });
    initialized.build([null, 2]);
    expect(initialized.runningStats.weight).toBe(1);
  });

  it("goes on with the same bits from a saved state", () => {
    const [a, b] = [ek.layers.batchNormalization(), ek.layers.batchNormalization()];
    a.apply(batch, { training: true });
    b.build([null, 2]);
    b.setWeights(a.getWeights());
    b.runningStats.setState(JSON.parse(JSON.stringify(a.runningStats.getState())) as object);
    for (const layer of [a, b]) layer.apply(ek.mul(batch, 3), { training: true });
    expect(b.runningStats.snapshot()).toEqual(a.runningStats.snapshot());
    expect(() => b.runningStats.setState({ weight: 2, batches: 0, count: 0, frozen: false })).toThrow("weight is 2");
    expect(b.runningStats.snapshot()).toEqual(a.runningStats.snapshot());
  });

  it("undoes a step, and leaves no tensor behind", () => {
    const layer = ek.layers.batchNormalization();
    layer.apply(batch, { training: true }).dispose();
    const { numTensors } = ek.memory();
    const before = layer.runningStats.snapshot();
    layer.apply(
      ek.tidy(() => ek.mul(batch, 3)),
      { training: true },
    );
    expect(layer.runningStats.snapshot()).not.toEqual(before);
    layer.runningStats.restore(before);
    expect(layer.runningStats.snapshot()).toEqual(before);
    expect(ek.memory().numTensors).toBe(numTensors + 2);
  });

  it("moves once per call, with or without gradients", () => {
    const [plain, taped] = [ek.layers.batchNormalization(), ek.layers.batchNormalization()];
    plain.apply(batch, { training: true });
    ek.variableGrads(() => ek.sum(taped.apply(batch, { training: true })));
    expect(taped.runningStats.snapshot()).toEqual(plain.runningStats.snapshot());
  });
});
