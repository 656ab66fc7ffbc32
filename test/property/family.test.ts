// What needs no oracle of the normalizations within samples.
import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, seeds, shapes } from "./arbitraries.ts";
import { distance, normals, onGrid, sizeOf } from "./values.ts";

const { layers } = ek;
const train = { training: true };

/** [batch, …space, channels] with at least two places of space and two channels. */
const cases = fc
  .record({
    samples: fc.integer({ min: 1, max: 4 }),
    space: shapes(1, 3, 1, 6).filter((space) => sizeOf(space) > 1),
    channels: fc.integer({ min: 2, max: 19 }),
    seed: seeds,
  })
  .map(({ samples, space, channels, seed }) => ({ shape: [samples, ...space, channels], space, channels, seed }));

interface Options {
  epsilon?: number;
  axis?: number;
}

/** x → y of a new layer whose trainable weights are random, in training. */
function randomly(layer: ek.Layer, seed: number): (x: ek.Tensor) => ek.Tensor {
  return (x) => {
    if (!layer.built) {
      layer.build(x.shape);
      layer.trainableWeights.forEach((weight, i) => weight.assign(normals(weight.shape, seed + i, 1, 0.5)));
    }
    return layer.apply(x, train);
  };
}

const affine = { scale: true, center: true };
const centring: Record<string, (options: Options, seed: number) => (x: ek.Tensor) => ek.Tensor> = {
  instanceNormalization: (options, seed) => randomly(layers.instanceNormalization({ ...options, ...affine }), seed),
  switchableNormalization: (options, seed) => randomly(layers.switchableNormalization(options), seed),
  instanceBatchNormalization: (options, seed) => randomly(layers.instanceBatchNormalization(options), seed),
};
const names = fc.constantFrom(...Object.keys(centring));
const scales = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

/** The property, with all its tensors freed. */
const tidily =
  <T extends unknown[]>(f: (...given: T) => void) =>
  (...given: T): void =>
    ek.tidy(() => f(...given));

describe("normalizations that take off a mean", () => {
  it("do not see a shift, even by 10,000", () => {
    const shifts = fc.integer({ min: -10_000, max: 10_000 });
    const property = tidily((name: string, { shape, seed }: Case, shift: number) => {
      const f = centring[name]!({ epsilon: 1e-3 }, seed);
      const x = onGrid(shape, seed);
      expect(distance(f(ek.add(x, shift)), f(x))).toBeLessThan(2e-5);
    });
    check(fc.property(names, cases, shifts, property));
  });

  it("do not see a scale k > 0 when ε is scaled by k²", () => {
    const property = tidily((name: string, { shape, seed }: Case, k: number) => {
      const [f, scaled] = [1, k * k].map((factor) => centring[name]!({ epsilon: 1e-3 * factor }, seed));
      const x = normals(shape, seed);
      expect(distance(scaled!(ek.mul(x, k)), f!(x))).toBeLessThan(2e-5);
    });
    check(fc.property(names, cases, scales, property));
  });

  it("have gradients that add up to 0 over the whole batch", () => {
    const property = tidily((name: string, { shape, seed }: Case, mean: number) => {
      const dx = ek.grad(centring[name]!({ epsilon: 0.5 }, seed))(
        ek.add(onGrid(shape, seed), mean),
        normals(shape, seed + 1),
      );
      expect(distance(ek.sum(dx), ek.scalar(0))).toBeLessThan(1e-5 * sizeOf(shape));
    });
    check(fc.property(names, cases, fc.constantFrom(0, 100, 10_000), property));
  });

  it("are the same with channels first", () => {
    const property = tidily((name: string, { shape, seed }: Case) => {
      const order = [0, shape.length - 1, ...shape.map((_, axis) => axis).slice(1, -1)];
      const back = order.map((_, axis) => order.indexOf(axis));
      const x = normals(shape, seed, 3);
      const first = centring[name]!({ axis: 1 }, seed)(ek.transpose(x, order));
      expect(distance(ek.transpose(first, back), centring[name]!({}, seed)(x))).toBeLessThan(2e-5);
    });
    check(fc.property(names, cases, property));
  });
});

interface Case {
  shape: number[];
  space: number[];
  channels: number;
  seed: number;
}

/** Over the space of each channel of each sample. */
const inside = (shape: readonly number[]): number[] => shape.map((_, axis) => axis).slice(1, -1);

describe("instance normalization", () => {
  it("is group normalization with as many groups as channels, to the bit", () => {
    const property = tidily(({ shape, channels, seed }: Case) => {
      const x = normals(shape, seed, 2);
      const y = layers.instanceNormalization().apply(x);
      const groups = layers.groupNormalization({ groups: channels, epsilon: 1e-5, scale: false, center: false });
      expect(distance(y, groups.apply(x))).toBe(0);
    });
    check(fc.property(cases, property));
  });

  it("of constant channels gives β to the bit", () => {
    const property = tidily(({ shape, channels, seed }: Case, size: number) => {
      const x = ek.broadcastTo(normals([shape[0]!, ...inside(shape).map(() => 1), channels], seed, 0, size), shape);
      const layer = layers.instanceNormalization(affine);
      const y = randomly(layer, seed)(x);
      expect(distance(y, ek.broadcastTo(layer.weights[1]!, shape))).toBe(0);
    });
    check(fc.property(cases, fc.constantFrom(1e-30, 1, 1e4, 1e15), property));
  });

  it("tracks, over one batch, the means of its samples' moments", () => {
    const property = tidily(({ shape, space, seed }: Case) => {
      const layer = layers.instanceNormalization({ trackRunningStats: true });
      const x = normals(shape, seed, 2);
      layer.apply(x, train);
      const { mean, variance } = ek.moments(x, inside(shape));
      const factor = sizeOf(space) / (sizeOf(space) - 1);
      expect(distance(ek.tensor(layer.runningStats!.mean), ek.mean(mean, 0))).toBeLessThan(1e-5);
      expect(distance(ek.tensor(layer.runningStats!.variance), ek.mul(ek.mean(variance, 0), factor))).toBeLessThan(
        1e-4,
      );
    });
    check(fc.property(cases, property));
  });
});

describe("adaptive instance normalization", () => {
  const layer = layers.adaptiveInstanceNormalization();

  it("of a content in its own style is the content", () => {
    const property = tidily(({ shape, seed }: Case, mean: number) => {
      const x = normals(shape, seed, mean);
      expect(distance(layer.apply(x, { condition: x }), x)).toBeLessThan(1e-5 + 2e-7 * mean);
    });
    check(fc.property(cases, fc.constantFrom(0, 10, 1e4), property));
  });

  it("does not see a shift of the content, shows that of the style, and not where its places are", () => {
    const property = tidily(({ shape, seed }: Case, shift: number) => {
      const [x, style] = [onGrid(shape, seed), onGrid(shape, seed + 1)];
      const y = layer.apply(x, { condition: style });
      const scale = 1e-5 * (1 + ek.max(ek.abs(y)).dataSync()[0]!);
      expect(distance(layer.apply(ek.add(x, shift), { condition: style }), y)).toBeLessThan(scale);
      const shifted = layer.apply(x, { condition: ek.add(style, shift) });
      expect(distance(ek.sub(shifted, shift), y)).toBeLessThan(scale + 2e-7 * Math.abs(shift));
      const flat = ek.reshape(style, [shape[0]!, -1, shape.at(-1)!]);
      expect(distance(layer.apply(x, { condition: flat }), y)).toBeLessThan(scale);
    });
    check(fc.property(cases, fc.integer({ min: -10_000, max: 10_000 }), property));
  });
});

describe("instance-batch normalization", () => {
  it("is instance normalization of the first channels and batch normalization of the others", () => {
    const property = tidily(({ shape, channels, seed }: Case, first: number) => {
      const split = 1 + (first % (channels - 1));
      const x = normals(shape, seed, 2);
      const others = shape.slice(1);
      const part = (begin: number, size: number): ek.Tensor =>
        ek.slice(x, [...others.map(() => 0), begin], [...others.map(() => -1), size]);
      // Half a channel more, as the number is rounded down.
      const layer = layers.instanceBatchNormalization({ ratio: (split + 0.5) / channels });
      const batch = layers.batchNormalization({ preset: "torch" });
      const parts = [layers.instanceNormalization().apply(part(0, split)), batch.apply(part(split, -1), train)];
      expect(distance(layer.apply(x, train), ek.concat(parts, -1))).toBeLessThan(1e-5);
    });
    check(fc.property(cases, fc.nat(30), property));
  });
});

describe("unit normalization", () => {
  it("gives length 1, and does not see a scale", () => {
    const property = tidily(({ shape, seed }: Case, k: number) => {
      const x = normals(shape, seed, 0.5);
      const layer = layers.unitNormalization({ axis: [-1, 1] });
      const y = layer.apply(x);
      const lengths = ek.sum(ek.square(y), [-1, 1]);
      expect(distance(lengths, ek.ones(lengths.shape))).toBeLessThan(1e-6);
      expect(distance(layer.apply(ek.mul(x, k)), y)).toBeLessThan(1e-6);
    });
    check(fc.property(cases, scales, property));
  });
});

describe("local response normalization", () => {
  it("over all channels is x/(bias + α·Σx²)^β, and over none but its own the same of one", () => {
    const property = tidily(({ shape, channels, seed }: Case, beta: number) => {
      const x = normals(shape, seed, 0.5);
      const of = (squares: ek.Tensor): ek.Tensor => ek.div(x, ek.pow(ek.add(2, ek.mul(squares, 0.3)), beta));
      const squares = ek.square(x);
      const [wide, narrow] = [channels, 0].map((radius) => ek.localResponseNormalization(x, radius, 2, 0.3, beta));
      expect(distance(wide!, of(ek.sum(squares, -1, true)))).toBeLessThan(1e-5);
      expect(distance(narrow!, of(squares))).toBeLessThan(1e-5);
    });
    check(fc.property(cases, fc.constantFrom(0.5, 0.75, 1, 2), property));
  });
});
