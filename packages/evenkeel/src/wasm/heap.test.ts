import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { allocateTensor } from "../tensor/tensor.ts";
import { sizeClass } from "./heap.ts";

describe("sizeClass", () => {
  it("is never smaller, wastes at most a quarter, and has four classes an octave", () => {
    const classes = new Set<number>();
    for (let bytes = 1; bytes <= 4096; bytes++) {
      const size = sizeClass(bytes);
      expect(size).toBeGreaterThanOrEqual(bytes);
      if (bytes > 64) expect(size).toBeLessThanOrEqual(bytes * 1.25);
      expect(sizeClass(size)).toBe(size);
      classes.add(size);
    }
    expect(classes.size).toBe(1 + 4 * 6);
    expect(sizeClass(0x7fff_ffff)).toBe(0x8000_0000);
    expect(sizeClass(0x1_0000_0001)).toBeGreaterThan(0x1_0000_0000);
  });
});

describe("memory", () => {
  it("stays flat when the same sizes come again", () => {
    const step = (): void => {
      ek.tidy(() => ek.add(ek.ones([1000, 100]), ek.ones([1000, 100]))).dispose();
    };
    step();
    const before = ek.memory();
    for (let i = 0; i < 200; i++) step();
    expect(ek.memory()).toEqual(before);
  });

  it("says when there is no room, and goes on", () => {
    expect(() => ek.zeros([1 << 29])).toThrow(ek.OutOfMemoryError);
    const before = ek.memory().numTensors;
    const hoard: ek.Tensor[] = [];
    const grab = (): void => {
      // Not written to, so that the pages are never really used.
      for (;;) hoard.push(allocateTensor([1 << 28]));
    };
    expect(grab).toThrow("memory: no room for 1024.0 MiB");
    expect(hoard.length).toBeGreaterThan(1);
    ek.dispose(hoard);
    expect(ek.memory().numTensors).toBe(before);
    expect(ek.add(1, 1).arraySync()).toBe(2);
  });
});
