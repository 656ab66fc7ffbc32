import { describe, expect, it } from "vitest";
import { difference } from "./check.ts";

const reference = { y: [1, -100, 3] };

describe("difference", () => {
  it("is none within the tolerance, relative to the largest value", () => {
    expect(difference({ y: [1.05, -100, 3], extra: [7] }, reference, 1e-3)).toBeUndefined();
  });

  it("says which output differs, and by how much", () => {
    expect(difference({ y: [2, -100, 3] }, reference, 1e-3)).toBe("y differs by 1.0e-2 of its largest");
    expect(difference({ y: [1, 2] }, reference, 1e-3)).toBe("y has 2 samples instead of 3");
    expect(difference({ z: [1] }, reference, 1e-3)).toBe("gives none of the outputs to compare");
  });

  it("lets no NaN pass", () => {
    expect(difference({ y: [1, NaN, 3] }, reference, 1e-3)).toContain("y differs");
    expect(difference(reference, { y: [1, NaN, 3] }, 1e-3)).toContain("y differs");
  });
});
