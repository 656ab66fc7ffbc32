import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { kernels } from "./kernels.ts";

// In this order: the first two count on a memory that has no holes yet.
describe("alloc and free", () => {
  const heapBytes = (): number => ek.memory().heapBytes;

  /** Whole numbers below `limit`, seeded. */
  function numbers(seed: number): (limit: number) => number {
    let state = seed;
    return (limit) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
  }

  /** Takes and gives back blocks of all sizes in any order, each holding its own number as long as it lives. */
  function exercise(): void {
    const below = numbers(1);
    const live: { pointer: number; bytes: number; tag: number }[] = [];
    const view = (pointer: number, bytes: number): Uint8Array => new Uint8Array(kernels.memory.buffer, pointer, bytes);
    for (let round = 0; round < 2000; round++) {
      if (below(100) < 55) {
        const bytes = below(1 << (1 + below(17)));
        const pointer = kernels.alloc(bytes) >>> 0;
        expect(pointer).toBeGreaterThan(0);
        expect(pointer % 64).toBe(0);
        view(pointer, bytes).fill(round);
        live.push({ pointer, bytes, tag: round & 255 });
      } else if (live.length > 0) {
        const [{ pointer, bytes, tag }] = live.splice(below(live.length), 1) as [(typeof live)[0]];
        expect(view(pointer, bytes).every((byte) => byte === tag)).toBe(true);
        kernels.free(pointer, bytes);
      }
    }
    expect(live.length).toBeGreaterThan(100);
    for (const { pointer, bytes, tag } of live) {
      expect(view(pointer, bytes).every((byte) => byte === tag)).toBe(true);
      kernels.free(pointer, bytes);
    }
  }

  it("makes neighbours one, whatever the order in which they come back", () => {
    const [count, bytes] = [48, 1 << 20];
    const below = numbers(2);
    const pointers = Array.from({ length: count }, () => kernels.alloc(bytes));
    while (pointers.length > 0) kernels.free(pointers.splice(below(pointers.length), 1)[0]!, bytes);
    const before = heapBytes();
    const whole = kernels.alloc(count * bytes);
    expect(heapBytes()).toBe(before);
    kernels.free(whole, count * bytes);
  });

  it("grows the memory by no more than what is missing", () => {
    const before = heapBytes();
    const first = kernels.alloc(before);
    kernels.free(first, before);
    const second = kernels.alloc(before + (1 << 20));
    expect(heapBytes()).toBeLessThanOrEqual(2 * before + (1 << 20) + (1 << 16));
    kernels.free(second, before + (1 << 20));
  });

  it("gives blocks that do not overlap, and the same memory again", () => {
    exercise();
    const before = heapBytes();
    exercise();
    expect(heapBytes()).toBe(before);
  });

  it("returns 0 when there is no room", () => {
    expect(kernels.alloc(0xffff_ffff)).toBe(0);
    expect(kernels.alloc(0x8000_0000)).toBe(0);
  });
});
