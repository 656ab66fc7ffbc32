import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(11));

const { sgd, adam } = ek.optimizers;
const batch = (seed: number, size = 6): ek.Tensor => ek.randomNormal([size, 3], 1e4 + seed, 2, "float32", seed + 1);
const targets = (size = 6): ek.Tensor => ek.randomNormal([size, 2], 0, 1, "float32", 9);

function network(optimizer: ek.Optimizer, options: object = {}): { model: ek.Sequential; norm: ek.BatchNormalization } {
  const norm = ek.layers.batchNormalization({ inputShape: [3], ...options });
  const model = ek.sequential([norm, ek.layers.dense({ units: 2, kernelInitializer: "ones" })]);
  model.compile({ optimizer, loss: "meanSquaredError" });
  return { model, norm };
}

const weightsOf = (model: ek.Sequential): number[][] => model.weights.map((weight) => [...weight.dataSync()]);

/** Mean and variance by the definition, over all rows of the batches. */
function columns(batches: readonly ek.Tensor[]): { mean: number[]; variance: number[] } {
  const rows = batches.flatMap((one) => one.arraySync() as number[][]);
  const average = (f: (row: number[]) => number): number => rows.reduce((sum, row) => sum + f(row), 0) / rows.length;
  const mean = rows[0]!.map((_, c) => average((row) => row[c]!));
  return { mean, variance: mean.map((center, c) => average((row) => (row[c]! - center) ** 2)) };
}

function expectClose(actual: ArrayLike<number>, wanted: readonly number[], relative = 2e-6): void {
  wanted.forEach((value, i) => expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(relative * Math.abs(value)));
}

describe("running statistics where gradients are accumulated", () => {
  it.each([{}, { movingVariance: "unbiased" }, { momentum: null }, { zeroDebias: false }])(
    "move once a step, by the moments of all its values, %o",
    (options) => {
      const { model, norm } = network(sgd({ learningRate: 0, gradientAccumulationSteps: 3 }), options);
      const steps = [
        [batch(1), batch(5, 2), batch(9, 4)],
        [batch(3), batch(2), batch(7)],
      ];
      const momentum = options.momentum === null ? undefined : 0.99;
      let [weight, mean, variance] = [options.zeroDebias === false ? 1 : 0, [0, 0, 0], [1, 1, 1]];
      let count = 0;
      for (const [i, batches] of steps.entries()) {
        const before = norm.runningStats.mean;
        for (const [j, x] of batches.entries()) {
          expect(norm.runningStats).toMatchObject({ batches: i, count, mean: before });
          model.trainOnBatch(x, targets(x.shape[0]));
          if (j < 2) expect(norm.runningStats.weight).toBe(weight);
        }
        const values = batches.reduce((sum, x) => sum + x.shape[0]!, 0);
        count += values;
        if (momentum !== undefined && options.zeroDebias !== false) weight = weight * momentum + (1 - momentum);
        else weight = 1;
        const rate = momentum === undefined ? 1 / (i + 1) : (1 - momentum) / weight;
        const whole = columns(batches);
        const stored = options.movingVariance === "unbiased" ? values / (values - 1) : 1;
        mean = mean.map((old, c) => old + rate * (whole.mean[c]! - old));
        variance = variance.map((old, c) => old + rate * (stored * whole.variance[c]! - old));
        expectClose(norm.runningStats.mean, mean, 1e-6);
        expectClose(norm.runningStats.variance, variance);
        expect(norm.runningStats).toMatchObject({ batches: i + 1, count, weight });
      }
    },
  );

  it("normalizes every batch by its own statistics, and steps by the average of the gradients", () => {
    const { model } = network(sgd({ learningRate: 0.1, gradientAccumulationSteps: 2 }));
    const alone = network(sgd({ learningRate: 0.1 })).model;
    const losses = [1, 2].map((seed) => model.trainOnBatch(batch(seed), targets()));
    const [first, start] = [alone.getWeights(), weightsOf(alone)];
    const moved = [1, 2].map((seed) => {
      alone.setWeights(first);
      expect(alone.trainOnBatch(batch(seed), targets())).toEqual(losses[seed - 1]);
      return weightsOf(alone);
    });
    for (const i of [0, 1, 4, 5]) {
      const wanted = start[i]!.map((_, c) => (moved[0]![i]![c]! + moved[1]![i]![c]!) / 2);
      weightsOf(model)[i]!.forEach((value, c) => expect(Math.abs(value - wanted[c]!)).toBeLessThan(1e-6));
    }
  });

  it("agrees fused and unfused", () => {
    const run = (fusion: boolean): number[][] => {
      const before = ek.config().fusion;
      ek.config({ fusion });
      try {
        ek.setSeed(2);
        const model = ek.sequential([
          ek.layers.conv2d({ filters: 2, kernelSize: 3, activation: "relu", inputShape: [6, 6, 1] }),
          ek.layers.batchNormalization(),
          ek.layers.maxPooling2d({ poolSize: 2 }),
          ek.layers.flatten(),
          ek.layers.dense({ units: 2 }),
        ]);
        model.compile({ optimizer: sgd({ gradientAccumulationSteps: 2 }), loss: "meanSquaredError" });
        for (let i = 0; i < 4; i++) model.trainOnBatch(ek.randomNormal([5, 6, 6, 1], i, 2), targets(5));
        return weightsOf(model);
      } finally {
        ek.config({ fusion: before });
      }
    };
    const unfused = run(false).flat();
    run(true)
      .flat()
      .forEach((value, i) => expect(Math.abs(value - unfused[i]!)).toBeLessThan(1e-5));
  });

  it("goes on from a file in the middle of a step with the same bits", async () => {
    const { model } = network(adam({ learningRate: 0.1, gradientAccumulationSteps: 3 }));
    for (let seed = 0; seed < 7; seed++) {
      const bytes = await model.save();
      const loaded = await ek.loadModel(bytes);
      expect(await loaded.save()).toEqual(bytes);
      for (const later of [seed, seed + 1, seed + 2]) loaded.trainOnBatch(batch(later), targets());
      const others = await ek.loadModel(bytes);
      for (const later of [seed, seed + 1]) others.trainOnBatch(batch(later), targets());
      const again = await ek.loadModel(await others.save());
      again.trainOnBatch(batch(seed + 2), targets());
      expect(await again.save()).toEqual(await loaded.save());
      expect(model.trainOnBatch(batch(seed), targets())).toBeDefined();
    }
  });

  it("are as before when a step throws, and what was gathered is not lost", () => {
    let fails = false;
    const loss = (y: ek.TensorLike, p: ek.TensorLike): ek.Tensor => {
      if (fails) throw new Error("no");
      return ek.losses.meanSquaredError(y, p);
    };
    const run = (throwing: boolean): unknown => {
      const { model, norm } = network(sgd({ gradientAccumulationSteps: 2 }));
      model.compile({ optimizer: model.optimizer!, loss });
      for (const seed of [1, 2, 3]) {
        fails = throwing;
        const before = norm.runningStats.snapshot();
        if (throwing) expect(() => model.trainOnBatch(batch(20), targets())).toThrow("no");
        expect(norm.runningStats.snapshot()).toEqual(before);
        fails = false;
        model.trainOnBatch(batch(seed), targets());
      }
      // Outside of a step the layer moves at once.
      norm.apply(batch(4), { training: true });
      expect(norm.runningStats.batches).toBe(2);
      return [weightsOf(model), norm.runningStats.snapshot()];
    };
    expect(run(true)).toEqual(run(false));
  });

  it("forget what another optimizer left, and what a frozen layer had", () => {
    const { model, norm } = network(sgd({ gradientAccumulationSteps: 2 }));
    model.trainOnBatch(batch(8), targets());
    model.compile({ optimizer: sgd({ gradientAccumulationSteps: 2 }), loss: "meanSquaredError" });
    for (const seed of [1, 2]) model.trainOnBatch(batch(seed), targets());
    expect(norm.runningStats).toMatchObject({ batches: 1, count: 12 });
    expectClose(norm.runningStats.mean, columns([batch(1), batch(2)]).mean, 1e-7);
    const before = norm.runningStats.mean;
    model.trainOnBatch(batch(3), targets());
    norm.trainable = false;
    model.trainOnBatch(batch(4), targets());
    expect(norm.runningStats).toMatchObject({ batches: 1, count: 12, mean: before });
    norm.trainable = true;
    norm.runningStats.freeze();
    for (const seed of [5, 6]) model.trainOnBatch(batch(seed), targets());
    expect(norm.runningStats).toMatchObject({ batches: 1, count: 12, mean: before });
  });

  it("are precise where they are fused too", () => {
    const norm = ek.layers.batchNormalization();
    const constant = (value: number): ek.Initializer => ek.initializers.constant({ value });
    const options = { units: 1, kernelInitializer: "ones", biasInitializer: constant(1e5), inputShape: [1] };
    const model = ek.sequential([ek.layers.dense(options), norm]);
    model.compile({ optimizer: sgd({ learningRate: 0, gradientAccumulationSteps: 3 }), loss: "meanSquaredError" });
    const batches = [
      [[1], [2], [5]],
      [[5], [-3], [0]],
      [[2.5], [-7], [3]],
    ];
    for (const x of batches) model.trainOnBatch(x, [[0], [0], [0]]);
    const values = batches.flat(2);
    const mean = values.reduce((sum, value) => sum + value, 0) / 9;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 9;
    expect(norm.runningStats.mean[0]).toBe(Math.fround(1e5 + mean));
    expect(norm.runningStats.variance[0]).toBeCloseTo(variance, 5);
  });

  it.each([{ ghostBatchSize: 2 }, { renorm: true }])("are those of all values, %o", (options) => {
    const { model, norm } = network(sgd({ learningRate: 0, gradientAccumulationSteps: 2 }), options);
    const batches = [batch(1), batch(2, 5)];
    for (const x of batches) model.trainOnBatch(x, targets(x.shape[0]));
    const { mean, variance } = columns(batches);
    expect(norm.runningStats).toMatchObject({ batches: 1, count: 11 });
    expectClose(norm.runningStats.mean, mean, 1e-7);
    expectClose(norm.runningStats.variance, variance, 4e-6);
  });

  it("are means over all samples where they are those of instances", () => {
    const norm = ek.layers.instanceNormalization({ trackRunningStats: true, inputShape: [4, 2] });
    const model = ek.sequential([norm, ek.layers.flatten(), ek.layers.dense({ units: 2 })]);
    model.compile({ optimizer: sgd({ gradientAccumulationSteps: 2 }), loss: "meanSquaredError" });
    const x = ek.randomNormal([5, 4, 2], 3, 1);
    const whole = ek.layers.instanceNormalization({ trackRunningStats: true, inputShape: [4, 2] });
    whole.apply(x, { training: true });
    for (const [from, size] of [
      [0, 2],
      [2, 3],
    ] as const) {
      model.trainOnBatch(ek.slice(x, [from, 0, 0], [size, 4, 2]), targets(size));
    }
    expect(norm.runningStats).toMatchObject({ batches: 1, count: 20, exact: false });
    expectClose(norm.runningStats!.mean, [...whole.runningStats!.mean], 1e-6);
    expectClose(norm.runningStats!.variance, [...whole.runningStats!.variance], 1e-6);
    expect(() => ek.stats.merge([whole.runningStats!])).toThrow("average over 1 batches");
  });

  it("keep what was gathered when they are taken anew in the middle of a step", async () => {
    const { model, norm } = network(sgd({ learningRate: 0, gradientAccumulationSteps: 2 }), { momentum: 0.5 });
    model.trainOnBatch(batch(1), targets());
    await ek.stats.recalibrate(model, batch(20));
    const [before] = norm.runningStats.mean;
    model.trainOnBatch(batch(2), targets());
    const [seen] = columns([batch(1), batch(2)]).mean;
    expect(norm.runningStats.mean[0]).toBeCloseTo((before! + seen!) / 2, 3);
    expect(norm.runningStats.count).toBe(18);
  });

  it("move for each domain by what it saw in the step", async () => {
    const { model, norm } = network(sgd({ learningRate: 0, gradientAccumulationSteps: 2 }));
    await ek.stats.adaptDomain(model, batch(30), { domain: "b" });
    const adapted = norm.runningStats.mean;
    model.trainOnBatch(batch(1), targets());
    ek.stats.useDomain(model, "default");
    model.trainOnBatch(batch(2), targets());
    expect(norm.runningStats).toMatchObject({ domain: "default", batches: 1, count: 6 });
    expectClose(norm.runningStats.mean, columns([batch(2)]).mean, 1e-7);
    ek.stats.useDomain(model, "b");
    expect(norm.runningStats).toMatchObject({ batches: 2, count: 12 });
    const { mean } = columns([batch(1)]);
    expectClose(
      norm.runningStats.mean,
      mean.map((value, c) => adapted[c]! + (1 - 0.99) * (value - adapted[c]!)),
      1e-7,
    );
  });

  it("take batches of one value where the layer allows them", () => {
    const { model, norm } = network(sgd({ gradientAccumulationSteps: 2 }), {
      singleValue: "allow",
      movingVariance: "unbiased",
    });
    for (const seed of [1, 2]) model.trainOnBatch(batch(seed, 1), targets(1));
    const { mean, variance } = columns([batch(1, 1), batch(2, 1)]);
    expectClose(norm.runningStats.mean, mean, 1e-7);
    expectClose(
      norm.runningStats.variance,
      variance.map((value) => 2 * value),
    );
  });

  it("are those of fit too, over the end of an epoch", async () => {
    const { model, norm } = network(sgd({ gradientAccumulationSteps: 2 }));
    const x = ek.concat([batch(1), batch(2), batch(3)]);
    await model.fit(x, targets(18), { batchSize: 6, epochs: 2, shuffle: false });
    expect(norm.runningStats).toMatchObject({ batches: 3, count: 36 });
    expect(model.optimizer).toMatchObject({ iterations: 3, accumulatedSteps: 0 });
  });

  it("move without accumulation as ever, also in a model without weights to train", () => {
    const options = { center: false, scale: false, inputShape: [3] };
    const norm = ek.layers.batchNormalization(options);
    const model = ek.sequential([norm]);
    model.compile({ optimizer: sgd({ gradientAccumulationSteps: 4 }), loss: "meanSquaredError" });
    model.trainOnBatch(batch(1), batch(2));
    const other = ek.layers.batchNormalization(options);
    other.apply(batch(1), { training: true });
    expect(norm.runningStats.snapshot()).toEqual(other.runningStats.snapshot());
  });

  it("leave no tensors behind", () => {
    const { model } = network(adam({ gradientAccumulationSteps: 2 }));
    const [x, y] = [batch(1), targets()];
    for (let i = 0; i < 2; i++) model.trainOnBatch(x, y);
    const { numTensors, numBytes } = ek.memory();
    for (let i = 0; i < 5; i++) model.trainOnBatch(x, y);
    expect(ek.memory()).toMatchObject({ numTensors, numBytes });
  });
});
