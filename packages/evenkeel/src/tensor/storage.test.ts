import * as ek from "evenkeel";
import { expect, it } from "vitest";
import { float32View } from "../wasm/heap.ts";
import { allocateTensor } from "./tensor.ts";

/** A tensor of 1, 2, 3, 4 that are made when they are first read, and how often they were. */
function counting(): { x: ek.Tensor; made: () => number } {
  let count = 0;
  const fill = (pointer: number): void => {
    count += 1;
    float32View(pointer, 4).set([1, 2, 3, 4]);
  };
  return { x: allocateTensor([4], "float32", fill), made: () => count };
}

it("makes values once, whoever of those who share them reads first", () => {
  const { x, made } = counting();
  const column = ek.reshape(x, [4, 1]);
  expect(made()).toBe(0);
  expect(ek.sum(column).arraySync()).toBe(10);
  expect(x.arraySync()).toEqual([1, 2, 3, 4]);
  expect(made()).toBe(1);
});

it("never makes values that are replaced before", () => {
  const { x, made } = counting();
  const v = ek.variable(x);
  const column = ek.reshape(v, [4, 1]);
  v.assign([5, 6, 7, 8]);
  expect(column.arraySync()).toEqual([[5], [6], [7], [8]]);
  expect(made()).toBe(0);
  expect(x.arraySync()).toEqual([1, 2, 3, 4]);
  expect(v.arraySync()).toEqual([5, 6, 7, 8]);
  v.assign(counting().x);
  expect(v.arraySync()).toEqual([1, 2, 3, 4]);
  v.assign(v);
  expect(v.arraySync()).toEqual([1, 2, 3, 4]);
  v.dispose();
});

it("counts and frees values that were never made", () => {
  const before = ek.memory();
  const { x, made } = counting();
  const v = ek.variable(x);
  expect(ek.memory().numBytes).toBe(before.numBytes + 32);
  ek.dispose([x, v]);
  expect(ek.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  expect(made()).toBe(0);
});

it("makes values at the next read when the first one failed", () => {
  let failing = true;
  const x = allocateTensor([2], "float32", (pointer) => {
    if (failing) throw new Error("stop");
    float32View(pointer, 2).set([1, 2]);
  });
  const v = ek.variable(x);
  expect(() => v.dataSync()).toThrow("stop");
  failing = false;
  expect(v.arraySync()).toEqual([1, 2]);
  v.dispose();
});
