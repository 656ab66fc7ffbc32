// What needs no oracle of statistics that are taken in parts: shards, replicas, micro-batches.
import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, checkAsync, seeds } from "./arbitraries.ts";
import { normals } from "./values.ts";

/** How many samples each part has, some of them none. */
const partition = (least: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: least, max: 9 }), { minLength: 1, maxLength: 6 }).filter((sizes) => sum(sizes) > 1);

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const channels = fc.integer({ min: 1, max: 5 });
const means = fc.constantFrom(0, 3, -1e4, 1e5);
const movingVariance = fc.constantFrom("biased", "unbiased");
const momentum = fc.constantFrom(null, 0, 0.5, 0.99);

/** One tensor for each part. */
function split(x: ek.Tensor, sizes: readonly number[]): ek.Tensor[] {
  return sizes.map((size, i) =>
    ek.slice(x, [sum(sizes.slice(0, i)), ...x.shape.slice(1).map(() => 0)], [size, ...x.shape.slice(1)]),
  );
}

/** Around `mean`, with standard deviation 1. */
const around = (mean: number, shape: number[], seed: number): ek.Tensor => ek.add(normals(shape, seed), mean);

function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, relative: number, atLeast = 1e-3): void {
  const scale = Math.max(atLeast, ...Array.from(b, Math.abs));
  Array.from(a).forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThanOrEqual(relative * scale));
}

describe("stats.merge", () => {
  it("of any partition is the whole, in any order", async () => {
    const given = { sizes: partition(2), channels, mean: means, movingVariance, seed: seeds };
    const property = fc.asyncProperty(fc.record(given), async ({ sizes, channels, mean, movingVariance, seed }) => {
      const x = around(mean, [sum(sizes), channels], seed);
      const statistics = async (data: ek.Tensor): Promise<ek.RunningStats> => {
        const layer = ek.layers.batchNormalization({ movingVariance });
        await ek.stats.recalibrate(ek.sequential([layer]), data);
        return layer.runningStats;
      };
      const parts = await Promise.all(split(x, sizes).map(statistics));
      const whole = await statistics(x);
      const wanted = ek.stats.merge([whole]);
      const layer = ek.layers.batchNormalization({ movingVariance });
      layer.build([null, channels]);
      for (const order of [parts, parts.toReversed()]) {
        const merged = ek.stats.merge(order);
        // Of the standard deviation, however far the mean is.
        Array.from(merged.mean).forEach((value, c) => expect(Math.abs(value - wanted.mean[c]!)).toBeLessThan(2e-7));
        expectClose(merged.variance, wanted.variance, 1e-6);
        layer.runningStats.replace(merged);
        expectClose(layer.runningStats.mean, whole.mean, 2e-7, 1);
        expectClose(layer.runningStats.variance, whole.variance, 1e-6);
        expect(layer.runningStats.count).toBe(sum(sizes));
      }
    });
    await checkAsync(property, 40);
  });
});

describe("applyReplicas", () => {
  it("is the normalization of the concatenated batch: results, gradients, statistics", () => {
    const given = {
      sizes: partition(0),
      channels,
      mean: means,
      movingVariance,
      axis: fc.constantFrom(1, -1),
      seed: seeds,
    };
    const property = fc.property(fc.record(given), ({ sizes, channels, mean, movingVariance, axis, seed }) => {
      ek.tidy(() => {
        const make = (): ek.BatchNormalization => ek.layers.batchNormalization({ name: "bn", axis, movingVariance });
        const [layer, whole] = [make(), make()];
        const x = around(mean, [sum(sizes), 2, channels], seed);
        const dy = normals(x.shape, seed + 1);
        const xs = split(x, sizes);
        for (const each of [layer, whole]) each.build(x.shape);
        const parts = ek.valueAndGrads((...replicas: ek.Tensor[]) =>
          ek.sum(ek.mul(ek.concat(layer.applyReplicas(replicas, { training: true })), dy)),
        )(xs);
        const one = ek.valueAndGrad((all) => ek.sum(ek.mul(whole.apply(all, { training: true }), dy)))(x);
        expect(parts.value.dataSync()).toEqual(one.value.dataSync());
        expect(ek.concat(parts.grads).dataSync()).toEqual(one.grad.dataSync());
        expect(layer.runningStats.snapshot()).toEqual(whole.runningStats.snapshot());
        for (const norm of [layer, whole]) norm.dispose();
      });
    });
    check(property, 60);
  });
});

describe("gradients that are accumulated", () => {
  it("move running statistics as one batch of all would, for any partition, by the average gradient", async () => {
    const given = {
      steps: fc.array(partition(2), { minLength: 1, maxLength: 3 }),
      channels,
      mean: means,
      momentum,
      movingVariance,
      seed: seeds,
    };
    const property = fc.asyncProperty(
      fc.record(given),
      async ({ steps, channels, mean, momentum, movingVariance, seed }) => {
        const k = Math.max(...steps.map(({ length }) => length));
        const micro = steps.map((sizes) => [...sizes, ...Array.from({ length: k - sizes.length }, () => 2)]);
        const norm = ek.layers.batchNormalization({ momentum, movingVariance, inputShape: [channels] });
        const whole = ek.layers.batchNormalization({ momentum, movingVariance, inputShape: [channels] });
        let model = ek.sequential([norm]);
        const optimizer = ek.optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: k });
        model.compile({ optimizer, loss: "meanSquaredError" });
        const statsOf = (): ek.RunningStats => (model.layers[0] as ek.BatchNormalization).runningStats;
        for (const [i, sizes] of micro.entries()) {
          const x = around(mean, [sum(sizes), channels], seed + i);
          const [gamma, beta] = model.trainableWeights.map((weight) => weight.dataSync());
          const slopes: ArrayLike<number>[] = [];
          for (const part of split(x, sizes)) {
            const y = normals(part.shape, seed);
            const inner = model.layers[0] as ek.BatchNormalization;
            inner.runningStats.freeze();
            const loss = (): ek.Tensor => ek.mean(ek.losses.meanSquaredError(y, inner.apply(part, { training: true })));
            slopes.push(ek.variableGrads(loss, [inner.weights[1]!]).grads[inner.weights[1]!.name]!.dataSync());
            inner.runningStats.thaw();
            model.trainOnBatch(part, y);
            // In the middle of a step too.
            if (seed % 2 === 0) model = await ek.loadModel(await model.save());
          }
          whole.apply(x, { training: true });
          expectClose(statsOf().mean, whole.runningStats.mean, 2.5e-7, 1);
          expectClose(statsOf().variance, whole.runningStats.variance, 4e-6);
          const { weight, batches, count } = whole.runningStats;
          expect(statsOf()).toMatchObject({ weight, batches, count });
          const average = Array.from(beta!, (_, c) => sum(slopes.map((slope) => slope[c]!)) / k);
          const after = model.trainableWeights[1]!.dataSync();
          expectClose(
            after,
            average.map((slope, c) => beta![c]! - slope),
            1e-6,
            1,
          );
          expect(gamma).toHaveLength(channels);
        }
      },
    );
    await checkAsync(property, 40);
  });
});

describe("domains", () => {
  it("are as layers of their own, in whatever order they are visited, saved and loaded", () => {
    const visit = fc.record({
      domain: fc.constantFrom("default", "a", "1", "__proto__"),
      seed: fc.nat(50),
      saves: fc.boolean(),
    });
    const given = { visits: fc.array(visit, { maxLength: 12 }), momentum, movingVariance, zeroDebias: fc.boolean() };
    const property = fc.property(fc.record(given), ({ visits, ...options }) => {
      const make = (): ek.BatchNormalization => {
        const layer = ek.layers.batchNormalization(options);
        layer.build([null, 2]);
        return layer;
      };
      let layer = make();
      const alone = new Map<string, ek.BatchNormalization>();
      for (const { domain, seed, saves } of visits) {
        if (!alone.has(domain)) alone.set(domain, make());
        layer.runningStats.openDomain(domain);
        for (const each of [layer, alone.get(domain)!]) each.apply(normals([4, 2], seed), { training: true });
        if (!saves) continue;
        const loaded = make();
        loaded.setWeights(layer.getWeights());
        loaded.runningStats.setState(JSON.parse(JSON.stringify(layer.runningStats.getState())) as object);
        expect(loaded.runningStats.getState()).toEqual(layer.runningStats.getState());
        layer = loaded;
      }
      for (const [domain, { runningStats }] of alone) {
        layer.runningStats.useDomain(domain);
        const { mean, variance, weight, batches, count, exact } = runningStats;
        expect(layer.runningStats).toMatchObject({ mean, variance, weight, batches, count, exact });
      }
    });
    check(property, 60);
  });
});
