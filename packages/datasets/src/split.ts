import { classCounts, type Digits, makeDigits, PIXELS } from "./digits.ts";
import { DataError } from "./errors.ts";

/** 32 random bits a call, the same in every engine: a Weyl sequence through MurmurHash3's finalizer (SplitMix). */
function randomBits(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let bits = state ^ (state >>> 16);
    bits = Math.imul(bits, 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (bits ^ (bits >>> 16)) >>> 0;
  };
}

/** 0 to n − 1 in random order (Fisher and Yates). */
export function permutation(n: number, seed: number): Uint32Array {
  const next = randomBits(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((next() / 2 ** 32) * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** The chosen samples, in that order, copied. */
export function take(digits: Digits, indices: ArrayLike<number>): Digits {
  const images = new Uint8Array(indices.length * PIXELS);
  const labels = new Uint8Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * PIXELS;
    images.set(digits.images.subarray(from, from + PIXELS), i * PIXELS);
    labels[i] = digits.labels[indices[i]!]!;
  }
  return makeDigits(images, labels);
}

/** How many of each class to hold out: their shares rounded so that the sum is `total` (largest remainders first). */
function quotas(labels: Uint8Array, total: number): number[] {
  const shares = classCounts(labels).map((count) => (count * total) / labels.length);
  const result = shares.map(Math.floor);
  let left = total - result.reduce((sum, quota) => sum + quota, 0);
  const byRemainder = [...shares.keys()].sort((a, b) => shares[b]! - result[b]! - (shares[a]! - result[a]!) || a - b);
  for (const label of byRemainder) if (left-- > 0) result[label]!++;
  return result;
}

/** Parts a tenth for testing, each class its share, both parts shuffled. The same seed gives the same split. */
export function holdOut(digits: Digits, seed: number): { train: Digits; test: Digits } {
  if (digits.length < 2) {
    throw new DataError("mnist: 1 training image and no test set, wanted 2 or more to split; name a larger set");
  }
  const left = quotas(digits.labels, Math.max(1, Math.floor(digits.length / 10)));
  const train: number[] = [];
  const test: number[] = [];
  for (const index of permutation(digits.length, seed)) {
    (left[digits.labels[index]!]!-- > 0 ? test : train).push(index);
  }
  return { train: take(digits, train), test: take(digits, test) };
}
