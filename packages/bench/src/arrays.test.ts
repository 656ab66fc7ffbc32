import { expect, it } from "vitest";
import { valuesOf, weights } from "./arrays.ts";

it("gives each name its own values, and always the same", () => {
  const spec = { shape: [100, 10], low: 2, high: 5 };
  const values = valuesOf("x", spec);
  expect(valuesOf("x", spec)).toEqual(values);
  expect(valuesOf("y", spec)).not.toEqual(values);
  expect(values).toHaveLength(1000);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(2);
  expect(Math.max(...values)).toBeLessThan(5);
  expect(values.reduce((sum, value) => sum + value, 0) / 1000).toBeCloseTo(3.5, 0);
});

it("draws a class for each row", () => {
  const values = valuesOf("y", { shape: [200, 10], oneHot: true });
  const classes = Array.from({ length: 200 }, (_, row) => values.subarray(10 * row, 10 * row + 10).indexOf(1));
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(200);
  expect(new Set(classes).size).toBe(10);
});

it("has the weights of the tutorial's network", () => {
  const sizes = Object.values(weights.tutorial).map(({ shape }) => shape.reduce((product, n) => product * n, 1));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_200_778);
});
