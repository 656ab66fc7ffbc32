import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { batchesOf, takeBatch } from "./batches.ts";
import { toCategorical } from "./encode.ts";
import { toSamples } from "./samples.ts";
import { splitValidation } from "./split.ts";

describe("toCategorical", () => {
  it("gives one-hot rows, from [n] and [n, 1], with the classes counted or given", () => {
    expect(toCategorical([0, 2]).arraySync()).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
    expect(toCategorical(new Uint8Array([1, 0]), 2).arraySync()).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(toCategorical([[1], [0]], 2).shape).toEqual([2, 2]);
    expect(
      toCategorical(
        [
          [1, 0],
          [0, 0],
        ],
        3,
      ).shape,
    ).toEqual([2, 2, 3]);
    expect(toCategorical(ek.tensor([1, 0]), 2).dtype).toBe("float32");
  });

  it.each([
    [[0, 10], 10, "toCategorical: the labels hold 10 at sample 1; use integers from 0 to 9"],
    [[-1], 10, "-1 at sample 0"],
    [[0, 1, 0.5], undefined, "0.5 at sample 2; use integers of at least 0"],
    [[Number.NaN], 3, "NaN at sample 0"],
    [[0], 1.5, "numClasses is 1.5"],
    [[], undefined, "no labels came"],
  ])("refuses %j with %j classes", (labels, classes, message) => {
    const before = ek.memory().numTensors;
    expect(() => toCategorical(labels, classes)).toThrow(message);
    expect(ek.memory().numTensors).toBe(before);
  });
});

describe("toSamples", () => {
  const read = (data: unknown, shape?: (number | null)[]) => toSamples("fit", "x", data as number[], shape, "float32");

  it("takes tensors as they are, nested arrays, typed arrays by the sample shape, values with a shape", () => {
    const x = ek.zeros([2, 3]);
    expect(read(x, [3])).toBe(x);
    expect(
      read([
        [1, 2],
        [3, 4],
      ]).shape,
    ).toEqual([2, 2]);
    expect(read(new Uint8Array(12), [2, 3]).shape).toEqual([2, 2, 3]);
    expect(read(new Uint8Array(12), [2, 3]).dtype).toBe("float32");
    expect(read(new Uint8Array(12)).shape).toEqual([12]);
    expect(read({ values: new Float32Array(12), shape: [3, 4] }, [4]).shape).toEqual([3, 4]);
  });

  it.each([
    [new Float32Array(13), [2, 3], "fit: x is a typed array of 13; a sample [2, 3] takes 6"],
    [new Float32Array(12), [null, 3], "pass { values, shape }"],
    [5, undefined, "fit: x is a single number"],
    [undefined, undefined, "fit: x is undefined"],
    [[], undefined, "fit: x is [0], which is empty"],
    [[[1, 2], [3]], undefined, "ragged"],
    [
      [
        [1, 2],
        [3, Number.NaN],
      ],
      undefined,
      "fit: x holds NaN at sample 1",
    ],
    [[[1], [2], [Number.NEGATIVE_INFINITY]], undefined, "fit: x holds -Infinity at sample 2"],
    ["text", undefined, '"text" among the values'],
    [{ values: [1, 2, 3], shape: [2] }, undefined, "3 values for the shape [2]"],
  ])("refuses %j as samples of %j", (data, shape, message) => {
    expect(() => read(data, shape)).toThrow(message);
  });
});

describe("batches", () => {
  const sizes = (samples: number, size: number, join = false) =>
    batchesOf({ start: 0, end: samples }, size, join).map(({ start, end }) => end - start);

  it("cuts a range, and joins a last single sample where asked", () => {
    expect(sizes(10, 4)).toEqual([4, 4, 2]);
    expect(sizes(9, 4)).toEqual([4, 4, 1]);
    expect(sizes(9, 4, true)).toEqual([4, 5]);
    expect(sizes(10, 4, true)).toEqual([4, 4, 2]);
    expect(sizes(1, 4, true)).toEqual([1]);
    expect(sizes(3, 1, true)).toEqual([1, 1, 1]);
    expect(batchesOf({ start: 5, end: 9 }, 3)).toEqual([
      { start: 5, end: 8 },
      { start: 8, end: 9 },
    ]);
  });

  it("takes samples in order, or in the order given", () => {
    const x = ek.tensor([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const take = (start: number, end: number, order?: Int32Array) =>
      ek.tidy(() => takeBatch("fit", x, { start, end }, order).arraySync());
    expect(take(1, 3)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(take(0, 4)).toEqual(x.arraySync());
    expect(take(2, 4, new Int32Array([3, 1, 0, 2]))).toEqual([
      [0, 0],
      [2, 2],
    ]);
  });

  it("splits the last samples off, as Keras does", () => {
    expect(splitValidation("fit", 10, 0.25)).toEqual({
      training: { start: 0, end: 7 },
      validation: { start: 7, end: 10 },
    });
    expect(() => splitValidation("fit", 3, 0.01)).not.toThrow();
    expect(() => splitValidation("fit", 3, 0.9)).toThrow("0 samples for training and 3 for validation");
    for (const fraction of [0, 1, -0.1, 2, Number.NaN, "half"]) {
      expect(() => splitValidation("fit", 10, fraction as number)).toThrow("validationSplit");
    }
  });
});
