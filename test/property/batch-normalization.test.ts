import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, seeds, shapes } from "./arbitraries.ts";
import { distance, dot, normals, onGrid, sizeOf } from "./values.ts";

/** Many values of one channel side by side, or many channels: the kernels walk these in other ways. */
const longRuns = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 60, max: 1100 }),
);

/** Shapes with at least two values a channel, and which axes are the channels. */
const cases = fc
  .record({
    shape: fc.oneof(shapes(2, 5, 1, 6), longRuns),
    picks: fc.array(fc.nat(4), { minLength: 1, maxLength: 2 }),
    seed: seeds,
  })
  .map(({ shape, picks, seed }) => {
    const axes = [...new Set(picks.map((pick) => pick % shape.length))].toSorted((a, b) => a - b);
    return { shape, axes, seed, channels: axes.map((axis) => shape[axis]!) };
  })
  .filter(({ shape, channels }) => sizeOf(shape) >= 2 * sizeOf(channels));

type Layer = ReturnType<typeof ek.layers.batchNormalization>;

/** A built layer whose γ and β are random, freed after `use`. */
function withLayer(
  options: Parameters<typeof ek.layers.batchNormalization>[0],
  shape: readonly number[],
  seed: number,
  use: (layer: Layer) => void,
): void {
  const layer = ek.layers.batchNormalization(options);
  try {
    layer.build([...shape]);
    for (const [i, weight] of layer.trainableWeights.entries()) {
      ek.tidy(() => weight.assign(normals(weight.shape, seed + i, 1, 0.5)));
    }
    ek.tidy(() => use(layer));
  } finally {
    layer.dispose();
  }
}

const train = (layer: Layer, x: ek.Tensor): ek.Tensor => layer.apply(x, { training: true });
const others = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));

describe("batch normalization in training", () => {
  it("gives each channel the mean β and the variance γ²·var/(var + ε)", () => {
    check(
      fc.property(cases, ({ shape, axes, seed }) => {
        withLayer({ axis: axes }, shape, seed, (layer) => {
          const x = normals(shape, seed + 9, 3, 2);
          const rest = others(shape, axes);
          const [before, after] = [ek.moments(x, rest), ek.moments(train(layer, x), rest)];
          const [gamma, beta] = layer.weights as [ek.Variable, ek.Variable];
          const share = ek.div(before.variance, ek.add(before.variance, 1e-3));
          expect(distance(after.mean, beta)).toBeLessThan(1e-5);
          expect(distance(after.variance, ek.mul(ek.square(gamma), share))).toBeLessThan(2e-5);
        });
      }),
    );
  });

  it("does not see a shift, even by 10,000", () => {
    check(
      fc.property(cases, fc.integer({ min: -10_000, max: 10_000 }), ({ shape, axes, seed }, shift) => {
        withLayer({ axis: axes }, shape, seed, (layer) => {
          const x = onGrid(shape, seed);
          expect(distance(train(layer, ek.add(x, shift)), train(layer, x))).toBeLessThan(1e-5);
        });
      }),
    );
  });

  it("does not see a scale k > 0 when ε is scaled by k²", () => {
    check(
      fc.property(cases, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), ({ shape, axes, seed }, k) => {
        withLayer({ axis: axes, epsilon: 1e-3 }, shape, seed, (layer) => {
          withLayer({ axis: axes, epsilon: 1e-3 * k * k }, shape, seed, (scaled) => {
            const x = normals(shape, seed);
            expect(distance(train(scaled, ek.mul(x, k)), train(layer, x))).toBeLessThan(1e-5);
          });
        });
      }),
    );
  });

  it("of constant channels gives β to the bit", () => {
    check(
      fc.property(cases, fc.constantFrom(1e-30, 0.1, 1, 1e4, 1e15), ({ shape, axes, seed, channels }, size) => {
        withLayer({ axis: axes }, shape, seed, (layer) => {
          const alongChannels = shape.map((length, axis) => (axes.includes(axis) ? length : 1));
          const wide = (x: ek.Tensor): ek.Tensor => ek.broadcastTo(ek.reshape(x, alongChannels), shape);
          const y = train(layer, wide(normals(channels, seed, 0, size)));
          expect(distance(y, wide(layer.weights[1]!))).toBe(0);
        });
      }),
    );
  });

  it("has gradients with Σdx = 0 and Σdx·x̂ = rstd·Σ(g·x̂)·ε/(var + ε), for γ = 1", () => {
    check(
      fc.property(cases, fc.constantFrom(0, 100, 10_000), ({ shape, axes, seed }, mean) => {
        const epsilon = 0.5;
        withLayer({ axis: axes, epsilon, center: false, scale: false }, shape, seed, (layer) => {
          const x = ek.add(onGrid(shape, seed), mean);
          const g = normals(shape, seed + 1);
          const rest = others(shape, axes);
          const dx = ek.grad((t) => train(layer, t))(x, g);
          const xhat = train(layer, x);
          const { variance } = ek.moments(x, rest);
          const rstd = ek.rsqrt(ek.add(variance, epsilon));
          const sums = ek.sum(ek.mul(g, xhat), rest);
          const expected = ek.mul(ek.mul(rstd, sums), ek.div(epsilon, ek.add(variance, epsilon)));
          const tolerance = 1e-5 * Math.sqrt(sizeOf(shape));
          expect(distance(ek.sum(dx, rest), ek.zeros(expected.shape))).toBeLessThan(tolerance);
          expect(distance(ek.sum(ek.mul(dx, xhat), rest), expected)).toBeLessThan(tolerance);
        });
      }),
    );
  });

  it("channels first is channels last transposed, with all gradients", () => {
    check(
      fc.property(fc.oneof(shapes(3, 5, 2, 5), fc.constantFrom([2, 9, 7, 3], [2, 24, 25, 2])), seeds, (shape, seed) => {
        const first = [0, shape.length - 1, ...shape.map((_, axis) => axis).slice(1, -1)];
        const last = first.map((_, axis) => first.indexOf(axis));
        const results = [-1, 1].map((axis) => {
          const order = axis === 1 ? first : shape.map((_, i) => i);
          const back = axis === 1 ? last : shape.map((_, i) => i);
          let found: ek.Tensor[] = [];
          withLayer(
            { axis },
            order.map((i) => shape[i]!),
            seed,
            (layer) => {
              const [x, g] = [normals(shape, seed, 5), normals(shape, seed + 1)];
              const f = (t: ek.Tensor): ek.Tensor => ek.transpose(train(layer, ek.transpose(t, order)), back);
              const loss = (): ek.Tensor => ek.sum(ek.mul(f(x), g));
              const { grads } = ek.variableGrads(loss, layer.trainableWeights);
              const weights = Object.keys(grads).toSorted();
              found = [f(x), ek.grad(f)(x, g), ...weights.map((name) => grads[name]!)].map((each) => ek.keep(each));
            },
          );
          return found;
        });
        expect(results[0]).toHaveLength(4);
        results[0]!.forEach((each, i) => expect(distance(each, results[1]![i]!)).toBeLessThan(1e-4));
        ek.dispose(results);
      }),
    );
  });

  it("moves the running statistics to those of the first batch", () => {
    check(
      fc.property(cases, fc.double({ min: 0, max: 0.999, noNaN: true }), ({ shape, axes, seed }, momentum) => {
        withLayer({ axis: axes, momentum }, shape, seed, (layer) => {
          const x = normals(shape, seed, 2);
          train(layer, x);
          const { mean, variance } = ek.moments(x, others(shape, axes));
          const { mean: running, variance: spread, batches, count } = layer.runningStats;
          expect({ batches, count }).toEqual({ batches: 1, count: sizeOf(shape) / mean.size });
          mean.dataSync().forEach((value, i) => expect(Math.abs(running[i]! - value)).toBeLessThan(1e-6));
          variance.dataSync().forEach((value, i) => expect(Math.abs(spread[i]! - value)).toBeLessThan(1e-5));
        });
      }),
    );
  });
});

describe("batch normalization in inference", () => {
  it("is affine in x, and leaves its statistics", () => {
    check(
      fc.property(cases, fc.double({ min: -2, max: 2, noNaN: true }), ({ shape, axes, seed }, part) => {
        withLayer({ axis: axes }, shape, seed, (layer) => {
          train(layer, normals(shape, seed, 1, 2));
          const statistics = layer.runningStats.snapshot();
          const [a, b] = [normals(shape, seed + 1), normals(shape, seed + 2)];
          const mix = (x: ek.Tensor, y: ek.Tensor): ek.Tensor => ek.add(ek.mul(x, part), ek.mul(y, 1 - part));
          const [y, z] = [layer.apply(a), layer.apply(b)];
          const scale = 1 + Math.max(...[y, z].map((each) => ek.max(ek.abs(each)).dataSync()[0]!));
          expect(distance(layer.apply(mix(a, b)), mix(y, z))).toBeLessThan(1e-5 * scale);
          expect(layer.runningStats.snapshot()).toEqual(statistics);
        });
      }),
    );
  });

  it("has the gradient of that affine function; a frozen layer too, when training", () => {
    check(
      fc.property(cases, ({ shape, axes, seed }) => {
        withLayer({ axis: axes }, shape, seed, (layer) => {
          train(layer, normals(shape, seed, 1, 2));
          const [x, g, step] = [normals(shape, seed), normals(shape, seed + 1), normals(shape, seed + 2)];
          const slope = ek.sub(layer.apply(ek.add(x, step)), layer.apply(x));
          const inference = ek.grad((t) => layer.apply(t))(x, g);
          layer.trainable = false;
          const frozen = ek.grad((t) => train(layer, t))(x, g);
          expect(distance(frozen, inference)).toBe(0);
          const scale = 1 + Math.abs(dot(slope, g)) + ek.sum(ek.abs(ek.mul(slope, g))).dataSync()[0]!;
          expect(Math.abs(dot(inference, step) - dot(slope, g))).toBeLessThan(1e-5 * scale);
        });
      }),
    );
  });
});
