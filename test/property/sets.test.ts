import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, seeds } from "./arbitraries.ts";
import { distance, normals } from "./values.ts";

const { layers } = ek;
const plain = { scale: false, center: false };

interface Norm {
  make: (epsilon: number) => ek.Layer;
  /** The values of x that share a mean, one set a row. */
  sets: (x: ek.Tensor) => ek.Tensor;
}

/** x [batch, height, width, channels] with its axes in another order, the first ones as rows. */
function rows(x: ek.Tensor, order: readonly number[], first: number): ek.Tensor {
  const count = order.slice(0, first).reduce((size, axis) => size * x.shape[axis]!, 1);
  return ek.reshape(ek.transpose(x, [...order]), [count, -1]);
}

function grouped(x: ek.Tensor, groups: number): ek.Tensor {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const split = ek.reshape(x, [n, h * w, groups, c / groups]);
  return ek.reshape(ek.transpose(split, [0, 2, 1, 3]), [n * groups, -1]);
}

const norms: Record<string, Norm> = {
  batch: {
    make: (epsilon) => layers.batchNormalization({ ...plain, epsilon }),
    sets: (x) => rows(x, [3, 0, 1, 2], 1),
  },
  "layer, rows": {
    make: (epsilon) => layers.layerNormalization({ ...plain, epsilon }),
    sets: (x) => rows(x, [0, 1, 2, 3], 3),
  },
  "layer, two axes": {
    make: (epsilon) => layers.layerNormalization({ ...plain, epsilon, axis: [1, 3] }),
    sets: (x) => rows(x, [0, 2, 1, 3], 2),
  },
  group: {
    make: (epsilon) => layers.groupNormalization({ ...plain, epsilon, groups: 2 }),
    sets: (x) => grouped(x, 2),
  },
  instance: {
    make: (epsilon) => layers.instanceNormalization({ epsilon }),
    sets: (x) => rows(x, [0, 3, 1, 2], 2),
  },
};

/** An even number of channels, and more than one place. */
const cases = fc.record({
  shape: fc
    .tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
    )
    .map(([n, h, w, half]) => [n, h, w, 2 * half]),
  mean: fc.constantFrom(0, 100, 10_000),
  epsilon: fc.constantFrom(1e-5, 0.5),
  seed: seeds,
});

/** Values on a grid of 1/64 around a whole number: exact in float32. */
function onGrid(shape: readonly number[], seed: number, mean: number): ek.Tensor {
  const values = ek.randomUniform([...shape], -256, 256, "float32", seed).dataSync();
  return ek.tensor(
    values.map((value) => mean + Math.round(value) / 64),
    [...shape],
  );
}

const train = (layer: ek.Layer, x: ek.Tensor): ek.Tensor => layer.apply(x, { training: true });

describe.each(Object.entries(norms))("each set that shares a mean: %s", (_, { make, sets }) => {
  it("has the mean 0 and the variance var/(var + ε) afterwards", () => {
    check(
      fc.property(cases, ({ shape, mean, epsilon, seed }) => {
        ek.tidy(() => {
          const x = onGrid(shape, seed, mean);
          const [before, after] = [x, train(make(epsilon), x)].map((each) => ek.moments(sets(each), 1));
          const share = ek.div(before!.variance, ek.add(before!.variance, epsilon));
          expect(distance(after!.mean, ek.zerosLike(after!.mean))).toBeLessThan(1e-5);
          expect(distance(after!.variance, share)).toBeLessThan(2e-5);
        });
      }),
    );
  });

  it("has Σdx = 0 and Σdx·x̂ = rstd·Σ(g·x̂)·ε/(var + ε)", () => {
    check(
      fc.property(cases, ({ shape, mean, seed }) => {
        ek.tidy(() => {
          const epsilon = 0.5;
          const layer = make(epsilon);
          const [x, g] = [onGrid(shape, seed, mean), normals(shape, seed + 1)];
          const dx = sets(ek.grad((t) => train(layer, t))(x, g));
          const xhat = sets(train(layer, x));
          const { variance } = ek.moments(sets(x), 1);
          const rest = ek.mul(ek.rsqrt(ek.add(variance, epsilon)), ek.div(epsilon, ek.add(variance, epsilon)));
          const wanted = ek.mul(ek.sum(ek.mul(sets(g), xhat), 1), rest);
          const tolerance = 1e-5 * Math.sqrt(dx.shape[1]!);
          expect(distance(ek.sum(dx, 1), ek.zerosLike(wanted))).toBeLessThan(tolerance);
          expect(distance(ek.sum(ek.mul(dx, xhat), 1), wanted)).toBeLessThan(tolerance);
        });
      }),
    );
  });
});

describe("names of one thing", () => {
  it("group normalization with one group is layer normalization over all but the batch", () => {
    check(
      fc.property(cases, ({ shape, mean, epsilon, seed }) => {
        ek.tidy(() => {
          const x = onGrid(shape, seed, mean);
          const one = layers.groupNormalization({ ...plain, epsilon, groups: 1 });
          const whole = layers.layerNormalization({ ...plain, epsilon, axis: [1, 2, 3] });
          expect(distance(one.apply(x), whole.apply(x))).toBeLessThan(2e-6);
        });
      }),
    );
  });

  it("a mask that counts everything is none", () => {
    check(
      fc.property(cases, ({ shape, mean, epsilon, seed }) => {
        ek.tidy(() => {
          const x = onGrid(shape, seed, mean);
          const [plainly, masked] = [1, 2].map(() => layers.batchNormalization({ epsilon }));
          const y = masked!.apply(x, { training: true, mask: ek.ones(shape.slice(0, 3)) });
          expect(distance(y, train(plainly!, x))).toBe(0);
          expect(masked!.runningStats.snapshot()).toEqual(plainly!.runningStats.snapshot());
        });
      }),
    );
  });

  it("a mask is the batch of what it counts", () => {
    check(
      fc.property(cases, ({ shape, epsilon, seed }) => {
        ek.tidy(() => {
          // Around 0: Keras's 1e-7 in the divisor is a part of the mean.
          const x = onGrid(shape, seed, 0);
          const counts = ek.greater(normals(shape.slice(0, 3), seed + 2), 0).dataSync();
          const places = [...counts.keys()].filter((i) => counts[i] === 1);
          if (places.length < 2) return;
          const [few, masked] = [1, 2].map(() => layers.batchNormalization({ epsilon }));
          const channels = shape[3]!;
          const flat = (t: ek.Tensor): ek.Tensor =>
            ek.gather(ek.reshape(t, [-1, channels]), ek.tensor(Int32Array.from(places), [places.length]));
          const y = masked!.apply(x, { training: true, mask: ek.tensor(counts, shape.slice(0, 3)) });
          expect(distance(flat(y), train(few!, flat(x)))).toBeLessThan(2e-5);
        });
      }),
    );
  });
});
