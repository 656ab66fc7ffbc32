// What needs no oracle of the normalized kernels, and power iteration beside one.
import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, checkAsync, seeds } from "./arbitraries.ts";
import { distance, normals } from "./values.ts";

const sizes = fc.record({
  inputs: fc.integer({ min: 2, max: 9 }),
  units: fc.integer({ min: 1, max: 7 }),
  seed: seeds,
});

function layerOf(kernelNormalization: string | ek.KernelNormalizationOptions, inputs: number, units: number): ek.Layer {
  const layer = ek.layers.dense({ units, kernelNormalization });
  layer.build([null, inputs]);
  return layer;
}

/** The kernel that the product takes: the layer of the unit matrix. */
function effective(layer: ek.Layer, inputs: number): ek.Tensor {
  const identity = Array.from({ length: inputs }, (_, i) => Array.from({ length: inputs }, (_, j) => Number(i === j)));
  return ek.sub(layer.apply(identity), layer.weights[1]!);
}

function columnsOf(x: ek.Tensor): number[][] {
  const rows = x.arraySync() as number[][];
  return rows[0]!.map((_, j) => rows.map((row) => row[j]!));
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const norm = (values: number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** The largest singular value, by 3000 power iterations on AᵀA in float64. */
function largestSingularValue(columns: number[][]): number {
  const gram = columns.map((a) => columns.map((b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)));
  let vector = columns.map((_, i) => 1 + i / 7);
  let size = 0;
  for (let step = 0; step < 3000; step++) {
    const next = gram.map((row) => row.reduce((sum, value, i) => sum + value * vector[i]!, 0));
    size = norm(next);
    vector = next.map((value) => value / size);
  }
  return Math.sqrt(size);
}

describe("weight normalization", () => {
  it("makes columns of length g, whatever the length of v", () => {
    const scales = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    check(
      fc.property(sizes, scales, ({ inputs, units, seed }, scale) => {
        ek.tidy(() => {
          const layer = layerOf("weight", inputs, units);
          const g = normals([units], seed + 1, 3);
          const v = normals([inputs, units], seed);
          layer.setWeights([v, normals([units], seed + 2), g]);
          const before = effective(layer, inputs);
          columnsOf(before).forEach((column, i) => expect(norm(column)).toBeCloseTo(Math.abs(g.dataSync()[i]!), 4));
          layer.weights[0]!.assign(ek.mul(v, scale));
          expect(distance(effective(layer, inputs), before)).toBeLessThan(1e-4);
          layer.dispose();
        });
      }),
    );
  });

  it("has gradients of v at right angles to v", () => {
    check(
      fc.property(sizes, ({ inputs, units, seed }) => {
        ek.tidy(() => {
          const layer = layerOf("weight", inputs, units);
          const [x, dy] = [normals([4, inputs], seed), normals([4, units], seed + 1)];
          const { grads } = ek.variableGrads(() => ek.sum(ek.mul(layer.apply(x), dy)), layer.trainableWeights);
          const v = layer.weights[0]!;
          const along = ek.sum(ek.mul(v, grads[v.name]!), 0).dataSync();
          for (const value of along) expect(Math.abs(value)).toBeLessThan(1e-4);
          layer.dispose();
        });
      }),
    );
  });

  it("starts, with dataDependentInit, at mean 0 and variance 1 on the first batch, far from 0 too", () => {
    const means = fc.constantFrom(0, -30, 1e4);
    check(
      fc.property(sizes, means, ({ inputs, units, seed }, far) => {
        ek.tidy(() => {
          ek.setSeed(seed);
          const layer = layerOf({ type: "weight", dataDependentInit: true }, inputs, units);
          const x = normals([300, inputs], seed, far);
          const y = columnsOf(layer.apply(x, { training: true }));
          const bias = layer.weights[1]!.dataSync();
          y.forEach((unit, i) => {
            const center = mean(unit);
            // The bias is rounded; and each term of the product, which goes into the variance.
            expect(Math.abs(center)).toBeLessThan(1e-6 + Math.abs(bias[i]!) * 2 ** -24);
            const variance = mean(unit.map((value) => (value - center) ** 2));
            expect(Math.abs(variance - 1)).toBeLessThan(1e-5 + Math.abs(far) * 1e-7);
          });
          layer.dispose();
        });
      }),
    );
  });
});

describe("weight standardization", () => {
  it("makes columns of mean 0 and of the variance v/(v + ε), far from 0 too", () => {
    const means = fc.constantFrom(0, 5, 1e4);
    check(
      fc.property(sizes, means, fc.boolean(), ({ inputs, units, seed }, far, epsilonOutside) => {
        ek.tidy(() => {
          const layer = layerOf({ type: "standardized", epsilon: 0.01, epsilonOutside }, inputs, units);
          const w = normals([inputs, units], seed, far);
          layer.weights[0]!.assign(w);
          const wanted = columnsOf(w).map((column) => {
            const center = mean(column);
            const variance = mean(column.map((value) => (value - center) ** 2));
            const unbiased = Math.sqrt((variance * inputs) / (inputs - 1));
            const deviation = epsilonOutside ? unbiased + 0.01 : Math.sqrt(variance + 0.01);
            return column.map((value) => (value - center) / deviation);
          });
          const found = columnsOf(effective(layer, inputs));
          found.forEach((column, j) => {
            column.forEach((value, i) => expect(Math.abs(value - wanted[j]![i]!)).toBeLessThan(1e-5));
          });
          layer.dispose();
        });
      }),
    );
  });
});

describe("spectral normalization", () => {
  it("comes to a largest singular value of 1, by power iteration in training", () => {
    check(
      fc.property(sizes, ({ inputs, units, seed }) => {
        ek.tidy(() => {
          ek.setSeed(seed);
          const layer = layerOf({ type: "spectral", powerIterations: 25 }, inputs, units);
          const kernel = normals([inputs, units], seed);
          layer.weights[0]!.assign(kernel);
          const x = ek.zeros([1, inputs]);
          for (let step = 0; step < 20; step++) layer.apply(x, { training: true });
          // What it has come to from below: two that are close take long to tell apart.
          expect(largestSingularValue(columnsOf(effective(layer, inputs)))).toBeCloseTo(1, 3);
          expect(layer.weights[0]!.dataSync()).toEqual(kernel.dataSync());
          layer.dispose();
        });
      }),
      40,
    );
  });
});

describe("any of them", () => {
  const kinds = fc.constantFrom(
    "weight",
    "standardized",
    "spectral",
    { type: "weight", dataDependentInit: true },
    { type: "standardized", epsilonOutside: true },
    { type: "spectral", powerIterations: 2 },
  );
  const networks = fc.record({ first: kinds, second: kinds, wrapped: fc.boolean(), fusion: fc.boolean() });

  it("goes on after save and load as if nothing had been, and fuses and folds", async () => {
    const steps = fc.integer({ min: 0, max: 2 });
    await checkAsync(
      fc.asyncProperty(networks, steps, seeds, async ({ first, second, wrapped, fusion }, before, seed) => {
        ek.setSeed(seed);
        const conv = { filters: 3, kernelSize: 2, activation: "relu" };
        const model = ek.sequential([
          wrapped
            ? ek.layers.spectralNormalization(ek.layers.conv2d({ ...conv, inputShape: [5, 5, 2] }))
            : ek.layers.conv2d({ ...conv, kernelNormalization: first, inputShape: [5, 5, 2] }),
          ek.layers.batchNormalization(),
          ek.layers.maxPooling2d({ poolSize: 2 }),
          ek.layers.depthwiseConv2d({ kernelSize: 2, kernelNormalization: second }),
          ek.layers.flatten(),
          ek.layers.dense({ units: 2, kernelNormalization: second }),
          ek.layers.batchNormalization(),
        ]);
        model.compile({ optimizer: "adam", loss: "meanSquaredError" });
        const train = (one: ek.Sequential, at: number): number =>
          ek.tidy(() => one.trainOnBatch(normals([6, 5, 5, 2], seed + at), normals([6, 2], seed + at))["loss"]!);
        for (let step = 0; step < before; step++) train(model, step);
        const bytes = await model.save();
        const loaded = await ek.loadModel(bytes);
        expect(await loaded.save()).toEqual(bytes);
        expect([train(loaded, 7), train(loaded, 8)]).toEqual([train(model, 7), train(model, 8)]);
        expect(await loaded.save()).toEqual(await model.save());
        ek.tidy(() => {
          const x = normals([3, 5, 5, 2], seed + 9);
          const y = model.predict(x);
          ek.config({ fusion });
          expect(distance(model.predict(x), y)).toBeLessThan(1e-4);
          ek.config({ fusion: true });
          const folded = ek.foldBatchNorm(model);
          expect(distance(folded.predict(x), y)).toBeLessThan(1e-4);
          expect(JSON.stringify(folded)).not.toMatch(/kernel_normalization|Normalization/);
          folded.dispose();
        });
        for (const each of [model, loaded]) each.dispose();
      }),
      40,
    );
  });
});
