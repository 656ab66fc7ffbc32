import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

type Matrix = number[][];

const first: Matrix = [
  [1, 10_000],
  [2, 10_002],
  [4, 9999],
];
const second: Matrix = [
  [0, 10_001],
  [-2, 9998],
  [3, 10_004],
];

/** Mean and biased variance of each column, in float64. */
function columns(rows: Matrix): { mean: number[]; variance: number[] } {
  const mean = rows[0]!.map((_, c) => rows.reduce((sum, row) => sum + row[c]!, 0) / rows.length);
  const variance = mean.map((m, c) => rows.reduce((sum, row) => sum + (row[c]! - m) * (row[c]! - m), 0) / rows.length);
  return { mean, variance };
}

function expectClose(actual: ArrayLike<number>, wanted: readonly number[], tolerance = 1e-6): void {
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  });
}

function normalized(rows: Matrix, { mean, variance } = columns(rows), epsilon = 1e-3): number[] {
  return rows.flatMap((row) => row.map((x, c) => (x - mean[c]!) / Math.sqrt(variance[c]! + epsilon)));
}

describe("batchNormalization", () => {
  it("normalizes by the batch in training, by the running statistics otherwise", () => {
    const layer = ek.layers.batchNormalization();
    expectClose(layer.apply(first, { training: true }).dataSync(), normalized(first), 2e-6);
    // Debiased: after one batch the running statistics are those of the batch.
    expectClose(layer.apply(first).dataSync(), normalized(first), 1e-3);
    expectClose(layer.runningStats.mean, columns(first).mean);
    expectClose(layer.runningStats.variance, columns(first).variance);
    layer.apply(second, { training: true });
    const weight = 0.99 * (1 - 0.99) + (1 - 0.99);
    const [a, b] = [columns(first), columns(second)];
    const mix = (x: number, y: number): number => x + ((1 - 0.99) / weight) * (y - x);
    expectClose(
      layer.runningStats.mean,
      a.mean.map((x, i) => mix(x, b.mean[i]!)),
    );
    expectClose(
      layer.runningStats.variance,
      a.variance.map((x, i) => mix(x, b.variance[i]!)),
    );
    expect(layer.runningStats).toMatchObject({ weight, batches: 2, count: 6, frozen: false });
  });

  it("keeps Keras's rule with zeroDebias: false", () => {
    const layer = ek.layers.batchNormalization({ momentum: 0.9, zeroDebias: false });
    for (const rows of [first, second]) layer.apply(rows, { training: true });
    const rule = (key: "mean" | "variance", start: number): number[] =>
      [0, 1].map((c) => 0.9 * (0.9 * start + 0.1 * columns(first)[key][c]!) + 0.1 * columns(second)[key][c]!);
    expectClose(layer.runningStats.mean, rule("mean", 0));
    expectClose(layer.runningStats.variance, rule("variance", 1));
    // What Keras 3.15 gives for the first channel.
    expectClose(layer.runningStats.mean.subarray(0, 1), [0.243333325]);
    expectClose(layer.runningStats.variance.subarray(0, 1), [1.37222219]);
    expect(layer.runningStats.weight).toBe(1);
  });

  it("keeps PyTorch's unbiased variance, moving and cumulative", () => {
    const torch = ek.layers.batchNormalization({ preset: "torch", zeroDebias: false });
    const average = ek.layers.batchNormalization({ preset: "torch", momentum: null });
    for (const rows of [first, second]) for (const layer of [torch, average]) layer.apply(rows, { training: true });
    // What PyTorch 2.15's BatchNorm1d gives, with momentum 0.1 and None.
    expectClose(torch.runningStats.mean, [0.243333325, 1900.13]);
    expectClose(torch.runningStats.variance, [1.65333331, 1.91999996]);
    expectClose(average.runningStats.mean, [1.33333325, 10_000.666]);
    expectClose(average.runningStats.variance, [4.33333349, 5.66666698]);
    expect(torch.getConfig()).toMatchObject({ epsilon: 1e-5, momentum: 0.9, moving_variance: "unbiased" });
    expect(average.runningStats.weight).toBe(1);
  });

  it("has gamma and beta alone or neither", () => {
    const names = (options: object): string[] => {
      const layer = ek.layers.batchNormalization({ name: "bn", ...options });
      layer.build([null, 3]);
      return layer.weights.map(({ name }) => name);
    };
    const moving = ["bn/moving_mean", "bn/moving_variance"];
    expect(names({})).toEqual(["bn/gamma", "bn/beta", ...moving]);
    expect(names({ scale: false })).toEqual(["bn/beta", ...moving]);
    expect(names({ center: false })).toEqual(["bn/gamma", ...moving]);
    expect(names({ center: false, scale: false })).toEqual(moving);
  });

  it.each([[{}], [{ scale: false }], [{ center: false }], [{ axis: 1 }], [{ axis: [1, 3] }], [{ axis: [-1, 1] }]])(
    "agrees with finite differences, %o",
    (options) => {
      const layer = ek.layers.batchNormalization({
        ...options,
        gammaInitializer: ek.initializers.randomNormal({ mean: 1, stddev: 0.3, seed: 4 }),
      });
      const x = ek.randomNormal([3, 2, 4, 2], 0.5, 2, "float32", 1);
      layer.build(x.shape);
      layer.runningStats.freeze();
      const dy = ek.randomNormal(x.shape, 0, 1, "float32", 2);
      const direction = ek.randomNormal(x.shape, 0, 1, "float32", 3);
      const loss = (input: ek.Tensor): ek.Tensor => ek.sum(ek.mul(layer.apply(input, { training: true }), dy));
      const slope = ek.sum(ek.mul(ek.grad(loss)(x), direction)).dataSync()[0]!;
      const h = 1e-2;
      const at = (step: number): number => loss(ek.add(x, ek.mul(direction, step))).dataSync()[0]!;
      expect(Math.abs((at(h) - at(-h)) / (2 * h) - slope)).toBeLessThan(5e-3 * Math.max(1, Math.abs(slope)));
      const { grads } = ek.variableGrads(() => loss(x), layer.trainableWeights);
      for (const weight of layer.trainableWeights) {
        const start = ek.mul(weight, 1);
        const step = ek.randomNormal(weight.shape, 0, 1, "float32", 5);
        const moved = (size: number): number => {
          weight.assign(ek.add(start, ek.mul(step, size)));
          return loss(x).dataSync()[0]!;
        };
        const wanted = (moved(0.5) - moved(-0.5)) / 1;
        weight.assign(start);
        const found = ek.sum(ek.mul(grads[weight.name]!, step)).dataSync()[0]!;
        expect(Math.abs(found - wanted)).toBeLessThan(1e-4 * Math.max(1, Math.abs(wanted)));
      }
    },
  );

  it("is in inference mode when frozen, and gives no gradients to its weights", () => {
    const layer = ek.layers.batchNormalization();
    layer.apply(first, { training: true });
    layer.trainable = false;
    const before = layer.runningStats.snapshot();
    const wanted = layer.apply(second).dataSync();
    expect(layer.apply(second, { training: true }).dataSync()).toEqual(wanted);
    expect(layer.runningStats.snapshot()).toEqual(before);
    expect(layer.trainableWeights).toEqual([]);
    expect(layer.nonTrainableWeights).toHaveLength(4);
    expect(
      Object.keys(ek.variableGrads(() => ek.sum(layer.apply(ek.variable(first), { training: true }))).grads),
    ).toEqual([expect.stringContaining("variable")]);
    layer.trainable = true;
    layer.apply(second, { training: true });
    expect(layer.runningStats.batches).toBe(2);
  });

  it("refuses one value per channel in training, unless it is allowed", () => {
    const layer = ek.layers.batchNormalization();
    layer.build([null, 64]);
    expect(() => layer.apply(ek.ones([1, 64]), { training: true })).toThrow(
      "batchNormalization: 1 value per channel in training (input [1, 64]); " +
        "use a batch of 2 or more, or call with training: false",
    );
    expect(layer.runningStats.batches).toBe(0);
    expect(layer.apply(ek.ones([1, 64])).shape).toEqual([1, 64]);
    expect([layer.smallestBatch([null, 64]), layer.smallestBatch([null, 1, 1, 64])]).toEqual([2, 2]);
    expect(layer.smallestBatch([null, 2, 1, 64])).toBe(1);

    const allowed = ek.layers.batchNormalization({
      singleValue: "allow",
      betaInitializer: ek.initializers.constant({ value: 3 }),
    });
    expect(allowed.apply([[5, 7]], { training: true }).arraySync()).toEqual([[3, 3]]);
    expectClose(allowed.runningStats.mean, [5, 7]);
    expectClose(allowed.runningStats.variance, [0, 0]);
    expect(allowed.smallestBatch([null, 2])).toBe(1);

    const unbiased = ek.layers.batchNormalization({ singleValue: "allow", movingVariance: "unbiased" });
    unbiased.apply([[5, 7]], { training: true });
    expect(unbiased.runningStats).toMatchObject({ batches: 0, weight: 0, mean: new Float32Array([0, 0]) });

    const running = ek.layers.batchNormalization({ singleValue: "running" });
    running.apply(first, { training: true });
    const wanted = running.apply([[1, 2]]).dataSync();
    expect(running.apply([[1, 2]], { training: true }).dataSync()).toEqual(wanted);
    expect(running.runningStats.batches).toBe(1);
  });

  it("takes an empty batch", () => {
    const layer = ek.layers.batchNormalization();
    layer.build([null, 3]);
    const empty = ek.zeros([0, 3]);
    expect(layer.apply(empty, { training: true }).shape).toEqual([0, 3]);
    expect(layer.runningStats).toMatchObject({ batches: 0, count: 0, weight: 0 });
    const { grads } = ek.variableGrads(() => ek.sum(layer.apply(empty, { training: true })), layer.trainableWeights);
    for (const gradient of Object.values(grads)) expect(gradient.arraySync()).toEqual([0, 0, 0]);
  });

  it("gives beta exactly for a constant channel", () => {
    const layer = ek.layers.batchNormalization({ betaInitializer: ek.initializers.constant({ value: 0.3 }) });
    const y = layer.apply(ek.fill([7, 5], 12_345.678), { training: true }).dataSync();
    expect([...y]).toEqual(Array.from({ length: 35 }, () => Math.fround(0.3)));
  });

  it("is the same with channels first", () => {
    const last = ek.layers.batchNormalization();
    const front = ek.layers.batchNormalization({ axis: 1 });
    const x = ek.randomNormal([4, 3, 5, 2], 1e4, 1, "float32", 8);
    const a = last.apply(x, { training: true });
    const b = front.apply(ek.transpose(x, [0, 3, 1, 2]), { training: true });
    expectClose(ek.transpose(b, [0, 2, 3, 1]).dataSync(), [...a.dataSync()], 1e-4);
    expectClose(front.runningStats.variance, [...last.runningStats.variance], 1e-5);
  });

  it("takes gradients of an inference call though training moves the statistics before", () => {
    const layer = ek.layers.batchNormalization({ momentum: 0.5 });
    layer.apply(first, { training: true });
    const alone = ek.variableGrads(() => ek.sum(layer.apply(first)), layer.trainableWeights).grads;
    const both = ek.variableGrads(() => {
      const y = ek.sum(layer.apply(first));
      layer.apply(second, { training: true });
      return y;
    }, layer.trainableWeights).grads;
    for (const [name, gradient] of Object.entries(alone)) expect(both[name]!.dataSync()).toEqual(gradient.dataSync());
  });

  it.each([
    [{ axis: 1.5 }, "batchNormalization: axis is 1.5; use an integer"],
    [{ axis: [] }, "axis is []"],
    [{ momentum: 1.1 }, "momentum is 1.1; use a number from 0 to 1"],
    [{ epsilon: -1 }, "epsilon is -1"],
    [{ center: 1 }, "center is 1; use true or false"],
    [{ movingVariance: "unbiassed" }, 'unknown movingVariance "unbiassed"; did you mean "unbiased"?'],
    [{ singleValue: "ignore" }, "valid: error, allow, running"],
    [{ preset: "pytorch" }, 'did you mean "torch"?'],
    [{ epsilonn: 1 }, 'unknown option "epsilonn"; did you mean "epsilon"?'],
    [{ moving_variance: "biased" }, 'unknown option "moving_variance"; did you mean "movingVariance"?'],
  ])("refuses %o", (options, message) => {
    expect(() => ek.layers.batchNormalization(options as never)).toThrow(message);
  });

  it("refuses inputs that do not fit and stays as it was", () => {
    const layer = ek.layers.batchNormalization({ axis: 3, name: "norm" });
    expect(() => layer.apply(first)).toThrow("batchNormalization: axis 3 of a tensor of rank 2");
    expect(() => layer.build([null, 4, 4, null])).toThrow("the size of axis 3 must be known");
    expect(layer.built).toBe(false);
    layer.build([null, 4, 4, 2]);
    expect(() => layer.apply(ek.ones([2, 4, 4, 3]))).toThrow("norm is [2, 4, 4, 3]; it was built for 2 on axis 3");
    expect(() => layer.apply(ek.ones([2, 2]))).toThrow("use rank 4");
  });
});
