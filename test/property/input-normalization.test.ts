// What needs no oracle of statistics that are adapted from a stream.
import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Values with ties, far outliers and an order, in turn. */
const kinds: ((i: number, x: number) => number)[] = [(_, x) => x, (_, x) => Math.round(x), (i) => i, (i) => -i];

function samplesOf(count: number, mean: number, seed: number, kind: number): Float32Array {
  const x = ek.randomNormal([count, 1], mean, 1, "float32", seed).dataSync();
  return x.map((value, i) => kinds[kind]!(i, i % 97 === 0 ? value * 100 : value));
}

/** x in batches of the sizes, again and again. */
function* batches(x: Float32Array, sizes: readonly number[]): Generator<ek.InputBatch> {
  for (let start = 0, i = 0; start < x.length; i++) {
    const end = Math.min(x.length, start + sizes[i % sizes.length]!);
    yield { values: x.subarray(start, end), shape: [end - start, 1] };
    start = end;
  }
}

async function statistics(data: ek.InputData, method: string): Promise<number[]> {
  const layer = ek.layers.normalization({ method });
  await layer.adapt(data);
  const values = layer.getWeights().map((weight) => weight.dataSync()[0]!);
  layer.dispose();
  return values;
}

const streams = {
  count: fc.integer({ min: 1, max: 9000 }),
  mean: fc.constantFrom(0, 3, -1e4, 1e5),
  seed: fc.nat(1000),
  kind: fc.nat(kinds.length - 1),
  sizes: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 }),
};

describe("statistics of a stream", () => {
  it.each(["standard", "log", "minMax", "robust"])("do not depend on the batches: %s", async (method) => {
    const property = fc.asyncProperty(fc.record(streams), async ({ count, mean, seed, kind, sizes }) => {
      const x = samplesOf(count, mean, seed, kind);
      const whole = await statistics({ values: x, shape: [count, 1] }, method);
      const parts = await statistics(batches(x, sizes), method);
      if (method === "minMax" || method === "robust") expect(parts).toEqual(whole);
      // One rounding to float32 may fall to the other side.
      parts.forEach((value, i) =>
        expect(Math.abs(value - whole[i]!)).toBeLessThanOrEqual(1.2e-7 * Math.abs(whole[i]!)),
      );
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it("has quantiles whose ranks are off by no more than is said", async () => {
    const property = fc.asyncProperty(fc.record(streams), async ({ count, mean, seed, kind, sizes }) => {
      // Many levels, also of a small stream.
      const x = samplesOf(count * 20, mean, seed, kind);
      const [median] = await statistics(batches(x, sizes), "robust");
      const smaller = x.filter((value) => value < median!).length;
      const upTo = x.filter((value) => value <= median!).length;
      const bound = x.length > 2048 ? (x.length * (Math.log2(x.length / 2048) + 3)) / (2 * 2048) : 0;
      expect(smaller).toBeLessThanOrEqual(x.length / 2 + bound);
      expect(upTo).toBeGreaterThanOrEqual(x.length / 2 - bound - 1);
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it("normalizes what it was adapted to, and inverts it", async () => {
    const property = fc.asyncProperty(fc.record(streams), async ({ count, mean, seed, kind }) => {
      const x = ek.tensor(samplesOf(count, mean, seed, kind), [count, 1]);
      for (const method of ["standard", "minMax", "robust", "log"]) {
        const layer = ek.layers.normalization({ method });
        await layer.adapt(x);
        const y = layer.apply(x);
        const back = layer.inverse(y).dataSync();
        // The digits of e^y are those of y, times |y|.
        const tolerance = method === "log" ? 1e-5 : 1e-6;
        const largest = x.dataSync().reduce((a, b) => Math.max(a, Math.abs(b)), 1);
        x.dataSync().forEach((value, i) => expect(Math.abs(back[i]! - value) / largest).toBeLessThan(tolerance));
        if (method === "minMax" && count > 1) {
          const [low, high] = [ek.min(y), ek.max(y)].map((one) => one.dataSync()[0]!);
          expect([low, high]).toEqual([0, high === 0 ? 0 : 1]);
        }
      }
    });
    await fc.assert(property, { numRuns: 15 });
  });
});
