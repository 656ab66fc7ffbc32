import { describe, expect, it } from "vitest";
import { median, medianRatio } from "./statistics.ts";

describe("median", () => {
  it("is the middle value, however they are ordered", () => {
    expect(median([3, 1, 100])).toBe(3);
    expect(median([4, 1, 100, 2])).toBe(3);
    expect(median([])).toBeNaN();
  });
});

describe("medianRatio", () => {
  it("compares round by round: a slow round counts for both", () => {
    expect(medianRatio([1, 50, 1], [2, 100, 2])).toBe(0.5);
  });

  it("takes the rounds that both have", () => {
    expect(medianRatio([1, 2, 3, 4], [2])).toBe(0.5);
    expect(medianRatio([1, 2], [])).toBeNaN();
  });
});
