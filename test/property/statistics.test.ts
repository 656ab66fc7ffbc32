// What needs no oracle of the running statistics as a user manages them.
import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** The largest difference, relative to the largest of b. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  return Math.max(...x.map((value, i) => Math.abs(value - y[i]!))) / Math.max(...y.map(Math.abs), 1e-3);
}

const channels = fc.integer({ min: 1, max: 9 });

describe("stats.recalibrate", () => {
  it("gives the statistics of the whole for any partition of the data", async () => {
    const given = {
      samples: fc.integer({ min: 2, max: 70 }),
      channels,
      batchSize: fc.integer({ min: 1, max: 80 }),
      mean: fc.constantFrom(0, 3, -1e4, 1e5),
      seed: fc.nat(1000),
    };
    const property = fc.asyncProperty(fc.record(given), async ({ samples, channels, batchSize, mean, seed }) => {
      ek.setSeed(seed);
      const x = ek.randomNormal([samples, channels], mean, 1);
      const statistics = async (size: number): Promise<ek.RunningStats> => {
        const layer = ek.layers.batchNormalization();
        await ek.stats.recalibrate(ek.sequential([layer]), x, { batchSize: size, exact: true });
        return layer.runningStats;
      };
      const [parts, whole] = [await statistics(batchSize), await statistics(samples)];
      expect(distance(parts.mean, whole.mean)).toBeLessThan(1e-6);
      expect(distance(parts.variance, whole.variance)).toBeLessThan(2e-6);
      expect(parts.count).toBe(samples);
    });
    await fc.assert(property, { numRuns: 40 });
  });
});

describe("foldBatchNorm", () => {
  it("makes of a product and its normalization one product", () => {
    const given = { channels, filters: channels, size: fc.integer({ min: 3, max: 7 }), seed: fc.nat(1000) };
    const property = fc.property(fc.record(given), ({ channels, filters, size, seed }) => {
      ek.setSeed(seed);
      const model = ek.sequential([
        ek.layers.batchNormalization({ inputShape: [size, size, channels] }),
        ek.layers.conv2d({ filters, kernelSize: 3 }),
        ek.layers.batchNormalization(),
      ]);
      for (const weight of model.weights) {
        const positive = weight.name.endsWith("variance");
        weight.assign(positive ? ek.randomUniform(weight.shape, 0.1, 4) : ek.randomNormal(weight.shape));
      }
      const x = ek.randomNormal([3, size, size, channels]);
      const folded = ek.foldBatchNorm(model);
      expect(folded.layers).toHaveLength(1);
      expect(distance(folded.predict(x).dataSync(), model.predict(x).dataSync())).toBeLessThan(1e-5);
    });
    fc.assert(property, { numRuns: 40 });
  });
});
