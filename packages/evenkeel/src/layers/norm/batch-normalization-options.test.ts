import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const { layers } = ek;
const x = (seed: number, shape: readonly number[] = [6, 2, 3]): ek.Tensor =>
  ek.randomNormal([...shape], 2, 3, "float32", seed);
const values = (tensor: ek.Tensor): number[] => [...tensor.dataSync()];
const training = { training: true };

function largestDifference(a: ek.Tensor, b: ek.Tensor): number {
  return Math.max(...values(ek.sub(a, b)).map(Math.abs));
}

/** A copy by config, weights and state, as a checkpoint makes it. */
function copyOf(layer: ek.BatchNormalization, shape: readonly number[]): ek.BatchNormalization {
  const copy = layers.deserialize(layer.toJSON()) as ek.BatchNormalization;
  copy.build([...shape]);
  copy.setWeights(layer.getWeights());
  copy.extraState.setState(JSON.parse(JSON.stringify(layer.extraState.getState())) as object);
  return copy;
}

describe("masks", () => {
  it("are no masks where everything counts", () => {
    const [plain, masked] = [layers.batchNormalization(), layers.batchNormalization()];
    const all = { ...training, mask: ek.ones([6, 2]) };
    expect(values(masked.apply(x(1), all))).toEqual(values(plain.apply(x(1), training)));
    expect(masked.runningStats.getState()).toEqual(plain.runningStats.getState());
  });

  it("use the running statistics, and leave them, where nothing counts", () => {
    const layer = layers.batchNormalization();
    layer.apply(x(1), training);
    const before = layer.runningStats.snapshot();
    const y = layer.apply(x(2), { ...training, mask: ek.zeros([6, 2]) });
    expect(values(y)).toEqual(values(layer.apply(x(2))));
    expect(layer.runningStats.snapshot()).toEqual(before);
  });

  it("keep what does not count out of the statistics, NaN too", () => {
    const layer = layers.batchNormalization();
    const rows = [[1], [NaN], [3]];
    const y = layer.apply(rows, { ...training, mask: [true, false, true] }).dataSync();
    expect(Math.abs(y[0]! + 1 / Math.sqrt(1.001))).toBeLessThan(1e-6);
    expect(layer.runningStats.mean[0]).toBeCloseTo(2, 6);
    expect(layer.runningStats.count).toBe(2);
  });

  it("count values for singleValue", () => {
    const layer = layers.batchNormalization();
    expect(() => layer.apply([[1], [2]], { ...training, mask: [1, 0] })).toThrow("1 value per channel");
  });

  it("have the shape of x without its channels", () => {
    const layer = layers.batchNormalization();
    const masked = (mask: ek.Tensor): ek.Tensor => layer.apply(x(1), { ...training, mask });
    expect(() => masked(ek.ones([6]))).toThrow("the mask is [6]; use [6, 2]: x without channels");
    expect(() => masked(ek.ones([6, 3]))).toThrow("use [6, 2]");
    expect(masked(ek.ones([6, 1])).shape).toEqual([6, 2, 3]);
    expect(() => layers.ghostBatchNormalization().apply(x(1), { mask: ek.ones([6, 2]) })).toThrow(
      'unknown option "mask"',
    );
  });
});

describe("renorm", () => {
  it("opens its bounds as the paper's", () => {
    const layer = layers.batchRenormalization({ renormMomentum: 1, zeroDebias: false, epsilon: 0, scale: false });
    layer.build([null, 1]);
    // Against a mean of 0 and a deviation of 1: r is the batch's deviation, d its mean.
    const batch = ek.tensor([[90], [110]]);
    const at = (batches: number): number[] => {
      const state = layer.extraState.getState() as { renorm: object };
      layer.extraState.setState({ ...state, renorm: { ...state.renorm, batches } });
      const [low, high] = values(layer.apply(batch, training));
      return [(high! - low!) / 2, (high! + low!) / 2];
    };
    expect(at(0)).toEqual([1, 0]);
    expect(at(5_000)).toEqual([1, 0]);
    const half = at(22_500);
    expect(half[0]).toBeCloseTo(2, 5);
    expect(half[1]).toBeCloseTo((5 * 17_500) / 20_000, 5);
    expect(at(40_000)).toEqual([3, 5]);
    expect(at(1e6)).toEqual([3, 5]);
  });

  it("without bounds normalizes in training as in inference", () => {
    const layer = layers.batchNormalization({ renorm: true });
    layer.apply(x(1), training);
    layer.runningStats.freeze();
    const y = layer.apply(x(2), training);
    expect(largestDifference(y, layer.apply(x(2)))).toBeLessThan(1e-5);
    expect(largestDifference(y, layers.batchNormalization().apply(x(2), training))).toBeGreaterThan(0.3);
  });

  it("goes on from a checkpoint with the same bits, and undoes", () => {
    const layer = layers.batchNormalization({ renorm: true, renormClipping: { rmax: 2, dmax: 1 } });
    for (const seed of [1, 2]) layer.apply(x(seed), training);
    const copy = copyOf(layer, [6, 2, 3]);
    expect(layer.weights.map(({ name }) => name.split("/")[1])).toEqual([
      "gamma",
      "beta",
      "moving_mean",
      "moving_variance",
      "moving_stddev",
      "renorm_mean",
      "renorm_stddev",
    ]);
    expect(values(copy.apply(x(3), training))).toEqual(values(layer.apply(x(3), training)));
    expect(copy.weights.map(values)).toEqual(layer.weights.map(values));
    const snapshot = layer.extraState.snapshot();
    const before = layer.weights.map(values);
    layer.apply(x(4), training);
    layer.extraState.restore(snapshot);
    expect(layer.weights.map(values)).toEqual(before);
  });

  it("stays when frozen", () => {
    const layer = layers.batchNormalization({ renorm: true });
    layer.apply(x(1), training);
    layer.runningStats.freeze();
    const before = layer.weights.map(values);
    layer.apply(x(2), training);
    expect(layer.weights.map(values)).toEqual(before);
  });

  it("says what is wrong with its options", () => {
    const make = (options: object) => (): ek.Layer => layers.batchNormalization({ renorm: true, ...options });
    expect(make({ renormClipping: { rmax: 1, rmin: 2 } })).toThrow("rmin 2 above rmax 1");
    expect(make({ renormClipping: { rmx: 1 } })).toThrow('did you mean "rmax"?');
    expect(make({ renormClipping: { dmax: -1 } })).toThrow("renormClipping.dmax is -1");
    expect(make({ renormClipping: "steep" })).toThrow('use { rmin, rmax, dmax }, or "ramp"');
    expect(make({ renormMomentum: 2 })).toThrow("renormMomentum is 2");
    expect(make({ ghostBatchSize: 2 })).toThrow("renorm and ghostBatchSize came; use one of them");
  });
});

describe("ghost batches", () => {
  it("are plain batches one after the other", () => {
    const [ghost, plain] = [layers.ghostBatchNormalization({ ghostBatchSize: 3 }), layers.batchNormalization()];
    const whole = x(1, [8, 2, 3]);
    const parts = [0, 3, 6].map((start) => plain.apply(ek.slice(whole, start, Math.min(3, 8 - start)), training));
    expect(largestDifference(ghost.apply(whole, training), ek.concat(parts))).toBeLessThan(1e-6);
    expect(ghost.runningStats.getState()).toEqual(plain.runningStats.getState());
    const { mean, variance } = plain.runningStats;
    mean.forEach((value, i) => expect(ghost.runningStats.mean[i]).toBeCloseTo(value, 5));
    variance.forEach((value, i) => expect(ghost.runningStats.variance[i]).toBeCloseTo(value, 4));
    // Inference knows nothing of them.
    expect(largestDifference(ghost.apply(whole), plain.apply(whole))).toBeLessThan(1e-5);
  });

  it("take a last sample of one value into the ghost before", () => {
    const layer = layers.ghostBatchNormalization({ ghostBatchSize: 2 });
    layer.apply(x(1, [5, 3]), training);
    expect(layer.runningStats).toMatchObject({ batches: 2, count: 5 });
    expect(() => layers.ghostBatchNormalization({ ghostBatchSize: 1 }).apply(x(1, [5, 3]), training)).toThrow(
      "1 value per channel",
    );
    expect(layer.apply(ek.zeros([0, 3]), training).shape).toEqual([0, 3]);
  });

  it("train in a model, and predict as without", () => {
    ek.setSeed(1);
    const model = ek.sequential([
      layers.dense({ units: 4, inputShape: [3] }),
      layers.ghostBatchNormalization({ ghostBatchSize: 4 }),
    ]);
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    model.trainOnBatch(x(1, [8, 3]), x(2, [8, 4]));
    expect((model.layers[1] as ek.BatchNormalization).runningStats.batches).toBe(2);
  });
});

describe("a reference batch", () => {
  it("may be given", () => {
    const reference = x(1, [32, 3]);
    const given = layers.batchNormalization({ referenceBatch: reference });
    const first = layers.virtualBatchNormalization();
    expect(largestDifference(first.apply(reference, training), given.apply(reference))).toBeGreaterThan(1e-3);
    const plain = layers.batchNormalization().apply(reference, training);
    const again = layers.virtualBatchNormalization().apply(reference, training);
    expect(values(again)).toEqual(values(plain));
    expect(values(given.apply(x(2, [4, 3])))).toEqual(values(first.apply(x(2, [4, 3]))));
    expect(given.runningStats.count).toBe(32);
  });

  it("makes the result of a sample independent of the others in its batch", () => {
    const layer = layers.virtualBatchNormalization();
    layer.apply(x(1, [16, 5, 3]), training);
    const batch = x(2, [4, 5, 3]);
    const together = layer.apply(batch, training);
    const alone = layer.apply(ek.slice(batch, 2, 1), training);
    expect(values(alone)).toEqual(values(ek.slice(together, 2, 1)));
    expect(layer.runningStats).toMatchObject({ batches: 1, count: 80 });
  });

  it("survives a checkpoint", () => {
    const layer = layers.virtualBatchNormalization();
    layer.apply(x(1), training);
    expect(values(copyOf(layer, [6, 2, 3]).apply(x(2), training))).toEqual(values(layer.apply(x(2), training)));
  });

  it("is one to cut into samples", () => {
    const layer = layers.virtualBatchNormalization({ axis: [0, 2] });
    expect(() => layer.apply(x(1), training)).toThrow("axis 0 is the batch");
    const given = layers.batchNormalization({ referenceBatch: x(1, [8, 3]) });
    expect(() => given.build([null, 4])).toThrow("[8, 3]");
    const none = layers.batchNormalization({ referenceBatch: ek.zeros([0, 3]) });
    expect(() => none.build([null, 3])).toThrow("the reference batch is [0, 3]; use samples");
    const off = layers.batchNormalization({ referenceBatch: false });
    off.apply(x(1), training);
    expect([off.runningStats.batches, off.getConfig().reference_batch]).toEqual([1, undefined]);
    expect(given.built).toBe(false);
  });
});

describe("a condition", () => {
  it("comes with each batch", () => {
    const layer = layers.conditionalBatchNormalization({ condition: { classes: 2 } });
    expect(() => layer.apply(x(1), training)).toThrow("no condition came; pass apply(x, { condition })");
    expect(() => layer.apply(x(1), { condition: [0, 1] })).toThrow("the condition is [2]; use [6]");
    expect(() => layer.apply(x(1), { condition: [0, 1, 2, 0, 0, 0] })).toThrow("index 2 at place 2");
    const plain = layers.batchNormalization().apply(x(1), training);
    expect(largestDifference(layer.apply(x(1), { ...training, condition: [0, 1, 0, 1, 0, 1] }), plain)).toBeLessThan(
      1e-6,
    );
    expect(() => layers.batchNormalization({ condition: {} as never })).toThrow("use { classes } or { features }");
    expect(() => layers.conditionalBatchNormalization({} as never)).toThrow("use { classes } or { features }");
  });

  it("moves the running statistics as batch normalization does", () => {
    const [plain, layer] = [layers.batchNormalization(), layers.batchNormalization({ condition: { classes: 2 } })];
    plain.apply(x(1), training);
    layer.apply(x(1), { ...training, condition: [0, 1, 0, 1, 1, 1] });
    const { mean, ...state } = layer.runningStats.snapshot().exact!;
    expect(state.count).toBe(12);
    expect(layer.runningStats).toMatchObject({ batches: 1, count: 12, weight: plain.runningStats.weight });
    plain.runningStats.mean.forEach((value, c) => expect(mean[c]).toBeCloseTo(value, 5));
    plain.runningStats.variance.forEach((value, c) => expect(state.variance[c]).toBeCloseTo(value, 4));
  });

  it("reaches its layers through a model, which then is not to be folded", () => {
    ek.setSeed(1);
    const conditional = layers.conditionalBatchNormalization({ condition: { features: 2 } });
    const model = ek.sequential([layers.dense({ units: 4, inputShape: [3] }), conditional]);
    const condition = x(3, [6, 2]);
    const wanted = conditional.apply(model.layers[0]!.apply(x(1, [6, 3])), { condition });
    expect(values(model.apply(x(1, [6, 3]), { condition }))).toEqual(values(wanted));
    expect(ek.foldBatchNorm(model).layers).toHaveLength(2);
  });
});

it.each([
  { renorm: true, renormClipping: "ramp" as const, renormMomentum: 0.9 },
  { ghostBatchSize: 16 },
  { referenceBatch: true },
  { condition: { classes: 3 } },
  { condition: { features: 2 }, scale: false },
])("options %o are in the config", (options) => {
  const layer = layers.batchNormalization(options);
  const { ghostBatchSize, referenceBatch, ...others } = options as ek.BatchNormalizationOptions;
  const copy = layers.deserialize(layer.toJSON());
  expect(copy.getConfig()).toEqual(layer.getConfig());
  copy.build([null, 4]);
  layer.build([null, 4]);
  expect(copy.weights.map(({ shape }) => shape)).toEqual(layer.weights.map(({ shape }) => shape));
  expect(layer.getConfig()).toMatchObject({
    ...(others.renorm && { renorm: true, renorm_clipping: "ramp", renorm_momentum: 0.9 }),
    ...(others.condition && { condition: others.condition }),
    ...(ghostBatchSize && { ghost_batch_size: 16 }),
    ...(referenceBatch && { reference_batch: true }),
  });
});
