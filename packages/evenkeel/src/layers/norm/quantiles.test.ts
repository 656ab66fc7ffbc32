import { describe, expect, it } from "vitest";
import { QuantileSketch } from "./quantiles.ts";

const shares = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1];
const orders: Record<string, (i: number, count: number) => number> = {
  ascending: (i) => i,
  descending: (i, count) => count - 1 - i,
  "from both ends": (i, count) => (i % 2 === 0 ? i / 2 : count - (i + 1) / 2),
  mixed: (i, count) => (i * 48271) % count,
};

/** The numbers from 0 to count − 1: each is its own rank. */
function sketchOf(count: number, order: (i: number, count: number) => number): QuantileSketch {
  const sketch = new QuantileSketch();
  sketch.add(Float32Array.from({ length: count }, (_, i) => order(i, count)));
  return sketch;
}

describe("QuantileSketch", () => {
  it.each(Object.entries(orders))("is exact up to 2048 values, %s", (_, order) => {
    for (const count of [1, 2, 5, 2047, 2048]) {
      expect(sketchOf(count, order).quantiles(shares)).toEqual(shares.map((share) => share * (count - 1)));
    }
  });

  it.each(Object.entries(orders))("keeps ranks within the bound for many, %s", (_, order) => {
    for (const count of [2049, 4097, 100_003, 1_000_003]) {
      const bound = (count * (Math.log2(count / 2048) + 3)) / (2 * 2048);
      sketchOf(count, order)
        .quantiles(shares)
        .forEach((rank, i) => expect(Math.abs(rank - shares[i]! * (count - 1))).toBeLessThanOrEqual(bound + 1));
    }
  });

  it("has no drift: halvings that take turns cancel", () => {
    const count = 1_000_003;
    const ranks = sketchOf(count, orders.mixed!).quantiles(shares);
    ranks.forEach((rank, i) => expect(Math.abs(rank - shares[i]! * (count - 1))).toBeLessThan(4e-4 * count));
  });

  it("has no quantiles without values", () => {
    expect(new QuantileSketch().quantiles([0.5])).toEqual([Number.NaN]);
  });
});
