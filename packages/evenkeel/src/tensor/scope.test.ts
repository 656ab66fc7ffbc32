import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

describe("tidy", () => {
  it("frees all but what is returned, at any depth", () => {
    const before = ek.memory().numTensors;
    const { parts } = ek.tidy(() => {
      const x = ek.ones([4]);
      return { parts: [ek.add(x, 1), ek.mul(x, 2)] };
    });
    expect(ek.memory().numTensors).toBe(before + 2);
    expect(parts[0]!.arraySync()).toEqual([2, 2, 2, 2]);
    ek.dispose(parts);
    expect(ek.memory().numTensors).toBe(before);
  });

  it("hands results to the outer scope", () => {
    const before = ek.memory().numTensors;
    ek.tidy(() => {
      const inner = ek.tidy(() => ek.ones([2]));
      expect(inner.isDisposed).toBe(false);
    });
    expect(ek.memory().numTensors).toBe(before);
  });

  it("frees when the function throws, and refuses async ones", () => {
    const before = ek.memory().numTensors;
    const failing = (): void => {
      ek.ones([2]);
      throw new Error("stop");
    };
    expect(() => ek.tidy(failing)).toThrow("stop");
    expect(() => ek.tidy(async () => ek.ones([2]))).toThrow("async");
    expect(ek.memory().numTensors).toBe(before);
  });

  it("leaves kept tensors alone", () => {
    const kept = ek.tidy(() => {
      ek.keep(ek.ones([2]));
      const x = ek.keep(ek.fill([2], 3));
      return { x };
    }).x;
    expect(kept.arraySync()).toEqual([3, 3]);
    kept.dispose();
  });
});

it("frees what ops make of arrays on their way", () => {
  const before = ek.memory().numTensors;
  ek.add([1, 2], 3).dispose();
  ek.batchNorm([1, 2], 1, 4).dispose();
  ek.gather([[1, 2]], [0], 1).dispose();
  expect(ek.memory().numTensors).toBe(before);
});
