import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, seeds, shapes } from "./arbitraries.ts";
import { distance, dot, normals, sizeOf, wholes } from "./values.ts";
import { naiveConv2d, naiveMatMul, naivePool } from "./naive.ts";

const activations = fc.constantFrom("linear" as const, "relu" as const);

const products = fc.record({
  m: fc.oneof(fc.nat(20), fc.constantFrom(63, 64, 65)),
  k: fc.oneof(fc.nat(20), fc.constantFrom(255, 256, 257, 300)),
  n: fc.oneof(fc.nat(20), fc.constantFrom(31, 32, 33)),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  biased: fc.boolean(),
  activation: activations,
  seed: seeds,
});

describe("matMul", () => {
  it("agrees exactly with three loops on whole numbers, in every form", () => {
    check(
      fc.property(products, ({ m, k, n, transposeA, transposeB, biased, activation, seed }) => {
        ek.tidy(() => {
          const a = wholes(transposeA ? [k, m] : [m, k], seed);
          const b = wholes(transposeB ? [n, k] : [k, n], seed + 1);
          const bias = biased ? wholes([n], seed + 2) : undefined;
          const c = ek.fused.matMul({ a, b, transposeA, transposeB, bias, activation });
          const plain = [transposeA ? ek.transpose(a) : a, transposeB ? ek.transpose(b) : b] as const;
          expect(distance(c, naiveMatMul(...plain, bias, activation))).toBe(0);
        });
      }),
      150,
    );
  });

  it("multiplies batches as it multiplies their matrices, broadcast", () => {
    const cases = fc.record({
      batch: shapes(0, 3, 1, 3),
      ones: fc.array(fc.constantFrom("a", "b", "none"), { minLength: 3, maxLength: 3 }),
      seed: seeds,
    });
    check(
      fc.property(cases, ({ batch, ones, seed }) => {
        ek.tidy(() => {
          const [m, k, n] = [3, 4, 5];
          const own = (name: string): number[] => batch.map((size, axis) => (ones[axis] === name ? 1 : size));
          const [a, b] = [wholes([...own("a"), m, k], seed), wholes([...own("b"), k, n], seed + 1)];
          const wide = (x: ek.Tensor, rows: number, columns: number): ek.Tensor =>
            ek.reshape(ek.broadcastTo(x, [...batch, ...x.shape.slice(-2)]), [sizeOf(batch), rows, columns]);
          const [as, bs] = [wide(a, m, k), wide(b, k, n)];
          const matrices = Array.from({ length: sizeOf(batch) }, (_, i) => {
            const [x, y] = [as, bs].map((each) => ek.squeeze(ek.slice(each, [i], [1]), [0]));
            return naiveMatMul(x!, y!);
          });
          const expected = ek.reshape(ek.concat(matrices), [...batch, m, n]);
          expect(distance(ek.matMul(a, b), expected)).toBe(0);
        });
      }),
    );
  });
});

const pairs = (min: number, max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const explicit = fc.tuple(pairs(0, 2), pairs(0, 2));
const paddings = fc.oneof(fc.constantFrom("same" as const, "valid" as const), fc.nat(2), explicit);

/** Any geometry of few channels, and those that the fast algorithms for 3 x 3 kernels take. */
const convolutions = fc.oneof(
  fc.record({
    batch: fc.integer({ min: 0, max: 3 }),
    image: pairs(1, 9),
    channels: fc.constantFrom(1, 2, 3, 8, 33),
    filters: fc.constantFrom(1, 3, 8, 16),
    kernel: pairs(1, 4),
    strides: pairs(1, 3),
    dilations: fc.oneof(fc.constant([1, 1] as [number, number]), pairs(1, 2)),
    pad: paddings,
    layout: fc.constantFrom("NHWC" as const, "NCHW" as const),
    seed: seeds,
  }),
  fc.record({
    batch: fc.integer({ min: 2, max: 4 }),
    image: pairs(8, 14),
    channels: fc.constantFrom(8, 16),
    filters: fc.constantFrom(8, 24),
    kernel: fc.constant([3, 3] as [number, number]),
    strides: fc.constant([1, 1] as [number, number]),
    dilations: fc.constant([1, 1] as [number, number]),
    pad: paddings,
    layout: fc.constant("NHWC" as const),
    seed: seeds,
  }),
);

/** Whether a window lies on the image at all; if not, it is an error, which other tests look at. */
function fits(
  image: readonly number[],
  kernel: readonly number[],
  dilations: readonly number[],
  pad: unknown,
): boolean {
  if (pad === "same") return true;
  return image.every((size, axis) => {
    const zeros = Array.isArray(pad) ? pad[axis][0] + pad[axis][1] : typeof pad === "number" ? 2 * pad : 0;
    return size + zeros >= (kernel[axis]! - 1) * dilations[axis]! + 1;
  });
}

describe("conv2d", () => {
  it("agrees with seven loops, with bias and relu, in both layouts", () => {
    check(
      fc.property(convolutions, fc.boolean(), activations, (options, biased, activation) => {
        const { batch, image, channels, filters, kernel, strides, dilations, pad, layout, seed } = options;
        fc.pre(fits(image, kernel, dilations, pad));
        ek.tidy(() => {
          const x = normals([batch, ...image, channels], seed);
          const filter = normals([...kernel, channels, filters], seed + 1);
          const bias = biased ? normals([filters], seed + 2) : undefined;
          const geometry = { strides, dilations, pad };
          const given = layout === "NHWC" ? x : ek.transpose(x, [0, 3, 1, 2]);
          const y = ek.fused.conv2d({ x: given, filter, ...geometry, dataFormat: layout, bias, activation });
          const last = layout === "NHWC" ? y : ek.transpose(y, [0, 2, 3, 1]);
          const expected = naiveConv2d(x, filter, geometry, bias, activation);
          const scale = Math.sqrt(kernel[0] * kernel[1] * channels);
          expect(distance(last, expected)).toBeLessThan(1e-5 * scale);
        });
      }),
      150,
    );
  });

  it("its gradients are its adjoints: ⟨conv(x, w), g⟩ = ⟨x, dx⟩ = ⟨w, dw⟩", () => {
    check(
      fc.property(
        convolutions,
        ({ batch, image, channels, filters, kernel, strides, dilations, pad, layout, seed }) => {
          fc.pre(batch > 0 && fits(image, kernel, dilations, pad));
          ek.tidy(() => {
            const x = normals(layout === "NHWC" ? [batch, ...image, channels] : [batch, channels, ...image], seed);
            const filter = normals([...kernel, channels, filters], seed + 1);
            const f = (a: ek.Tensor, b: ek.Tensor): ek.Tensor => ek.conv2d(a, b, strides, pad, layout, dilations);
            const y = f(x, filter);
            const g = normals(y.shape, seed + 2);
            const [dx, dw] = ek.grads((a, b) => f(a, b))([x, filter], g);
            const tolerance = 1e-5 * Math.sqrt(y.size) * Math.sqrt(kernel[0] * kernel[1] * channels);
            expect(Math.abs(dot(y, g) - dot(x, dx!))).toBeLessThan(tolerance);
            expect(Math.abs(dot(y, g) - dot(filter, dw!))).toBeLessThan(tolerance);
          });
        },
      ),
      150,
    );
  });
});

describe("pools", () => {
  const cases = fc.record({
    batch: fc.nat(3),
    image: pairs(1, 9),
    channels: fc.integer({ min: 1, max: 9 }),
    size: pairs(1, 3),
    strides: pairs(1, 3),
    pad: fc.constantFrom("same" as const, "valid" as const),
    layout: fc.constantFrom("NHWC" as const, "NCHW" as const),
    seed: seeds,
  });

  it.each([
    ["maxPool", ek.maxPool],
    ["avgPool", ek.avgPool],
  ] as const)("%s agrees with five loops in both layouts", (name, pool) => {
    check(
      fc.property(cases, ({ batch, image, channels, size, strides, pad, layout, seed }) => {
        fc.pre(fits(image, size, [1, 1], pad));
        ek.tidy(() => {
          const x = normals([batch, ...image, channels], seed);
          const given = layout === "NHWC" ? x : ek.transpose(x, [0, 3, 1, 2]);
          const y = pool(given, size, strides, pad, layout);
          const last = layout === "NHWC" ? y : ek.transpose(y, [0, 2, 3, 1]);
          const expected = naivePool(name, x, size, strides, pad);
          expect(distance(last, expected)).toBeLessThanOrEqual(name === "maxPool" ? 0 : 1e-6);
        });
      }),
    );
  });

  it("maxPool's gradient goes to one place a window, avgPool's sums to the same", () => {
    check(
      fc.property(cases, ({ batch, image, channels, size, strides, pad, seed }) => {
        fc.pre(batch > 0 && fits(image, size, [1, 1], pad));
        ek.tidy(() => {
          const x = normals([batch, ...image, channels], seed);
          for (const pool of [ek.maxPool, ek.avgPool]) {
            const y = pool(x, size, strides, pad);
            const g = wholes(y.shape, seed + 1);
            const dx = ek.grad((t) => pool(t, size, strides, pad))(x, g);
            // Both are linear in x where no maximum changes hands.
            expect(Math.abs(dot(x, dx) - dot(y, g))).toBeLessThan(1e-4 * Math.sqrt(y.size));
            expect(Math.abs(ek.sum(dx).dataSync()[0]! - ek.sum(g).dataSync()[0]!)).toBeLessThan(1e-3);
          }
        });
      }),
    );
  });
});
