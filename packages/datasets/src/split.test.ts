import { describe, expect, it } from "vitest";
import { classCounts, type Digits, makeDigits, PIXELS } from "./digits.ts";
import { holdOut, permutation, take } from "./split.ts";

/** Sample i of `labels` has the pixels i % 256, i >> 8, 0, ... */
function numbered(labels: number[]): Digits {
  const images = new Uint8Array(labels.length * PIXELS);
  labels.forEach((_, i) => images.set([i % 256, i >> 8], i * PIXELS));
  return makeDigits(images, Uint8Array.from(labels));
}

const numberOf = (digits: Digits, i: number) => digits.images[i * PIXELS]! + 256 * digits.images[i * PIXELS + 1]!;
const numbers = (digits: Digits) => Array.from({ length: digits.length }, (_, i) => numberOf(digits, i));

describe("permutation", () => {
  it("has each index once, by the seed", () => {
    const order = permutation(1000, 5);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    expect(permutation(1000, 5)).toEqual(order);
    expect(permutation(1000, 6)).not.toEqual(order);
  });

  it("puts each index at each place equally often", () => {
    const n = 5;
    const runs = 5000;
    const counts = Array.from({ length: n * n }, () => 0);
    for (let seed = 0; seed < runs; seed++)
      permutation(n, seed).forEach((value, place) => counts[place * n + value]!++);
    // 1,000 expected in each of 25 cells, standard deviation 28: 5 of these.
    for (const count of counts) expect(Math.abs(count - runs / n)).toBeLessThan(142);
  });
});

describe("take", () => {
  it("copies the chosen samples in order", () => {
    const digits = numbered([5, 6, 7]);
    const taken = take(digits, [2, 0]);
    expect(numbers(taken)).toEqual([2, 0]);
    expect([...taken.labels]).toEqual([7, 5]);
    taken.images.fill(255);
    expect(numberOf(digits, 2)).toBe(2);
  });
});

describe("holdOut", () => {
  const sizes = [101, 57, 33, 80, 0, 9, 200, 1, 64, 55];
  const digits = numbered(sizes.flatMap((size, label) => Array.from({ length: size }, () => label)));

  it("holds out a tenth, each class its share", () => {
    const { train, test } = holdOut(digits, 1);
    expect([train.length, test.length]).toEqual([540, 60]);
    classCounts(test.labels).forEach((count, label) => expect(Math.abs(count - sizes[label]! / 10)).toBeLessThan(1));
  });

  it("loses and repeats nothing, and keeps labels with images", () => {
    const { train, test } = holdOut(digits, 1);
    const all = [...numbers(train), ...numbers(test)].sort((a, b) => a - b);
    expect(all).toEqual([...Array(digits.length).keys()]);
    for (const part of [train, test]) {
      numbers(part).forEach((number, i) => expect(part.labels[i]).toBe(digits.labels[number]));
    }
  });

  it("shuffles both parts by the seed", () => {
    const { train, test } = holdOut(digits, 1);
    expect(holdOut(digits, 1)).toEqual({ train, test });
    expect(numbers(holdOut(digits, 2).test)).not.toEqual(numbers(test));
    expect([...train.labels].sort()).not.toEqual([...train.labels]);
    expect([...test.labels].sort()).not.toEqual([...test.labels]);
  });

  it("splits two samples, refuses one", () => {
    const two = holdOut(numbered([3, 3]), 0);
    expect([two.train.length, two.test.length]).toEqual([1, 1]);
    expect(() => holdOut(numbered([3]), 0)).toThrow(/1 training image and no test set/);
  });
});
