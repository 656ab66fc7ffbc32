import { DataError } from "./errors.ts";
import { type Idx, parseIdx } from "./idx.ts";

/** `images`: length × 28 × 28 bytes, 0 background to 255 ink; `labels`: length bytes, 0 to 9. */
export interface Digits {
  images: Uint8Array;
  labels: Uint8Array;
  shape: [number, 28, 28];
  length: number;
}

/** A plain (not gzipped) idx file, and what errors call it. */
export interface NamedBytes {
  name: string;
  bytes: Uint8Array;
}

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
const CLASSES = 10;

const kinds: Record<number, string> = { 1: "a labels file (1 axis)", 3: "an images file (3 axes)" };

function parseKind({ name, bytes }: NamedBytes, rank: 1 | 3): Idx {
  const idx = parseIdx(bytes, { name });
  if (idx.shape.length !== rank) {
    const found = kinds[idx.shape.length] ?? `an idx file with ${idx.shape.length} axes`;
    throw new DataError(`mnist: ${name}: ${found}, wanted ${kinds[rank]}; it is mislabelled: give it its right name`);
  }
  return idx;
}

export function makeDigits(images: Uint8Array, labels: Uint8Array): Digits {
  return { images, labels, shape: [labels.length, SIDE, SIDE], length: labels.length };
}

/** How many of each class there are. */
export function classCounts(labels: Uint8Array): number[] {
  const counts: number[] = Array.from({ length: CLASSES }, () => 0);
  for (const label of labels) counts[label]!++;
  return counts;
}

/** Joins an images file [n, 28, 28] and a labels file [n]; throws DataError, naming the file, where they don't fit. */
export function readPair(imagesFile: NamedBytes, labelsFile: NamedBytes): Digits {
  const images = parseKind(imagesFile, 3);
  const labels = parseKind(labelsFile, 1);
  const [count, height, width] = images.shape as [number, number, number];
  if (height !== SIDE || width !== SIDE) {
    throw new DataError(
      `mnist: ${imagesFile.name}: images of ${height} × ${width}, wanted 28 × 28; name a folder with MNIST's files`,
    );
  }
  if (count === 0) throw new DataError(`mnist: ${imagesFile.name}: 0 images, wanted 1 or more; use a complete file`);
  if (count !== labels.data.length) {
    throw new DataError(
      `mnist: ${imagesFile.name} has ${count} images, ${labelsFile.name} has ${labels.data.length} labels, ` +
        "wanted as many of one as of the other; use two files of the same set",
    );
  }
  const wrong = labels.data.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    throw new DataError(
      `mnist: ${labelsFile.name}: label ${labels.data[wrong]} at index ${wrong}, wanted 0 to 9; ` +
        "replace the file by a fresh copy",
    );
  }
  return makeDigits(images.data, labels.data);
}
