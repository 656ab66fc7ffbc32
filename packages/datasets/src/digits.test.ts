import { describe, expect, it } from "vitest";
import { PIXELS, readPair } from "./digits.ts";
import { idxBytes } from "./testing.ts";

const images = (count: number, side = 28) => ({
  name: "dir/images",
  bytes: idxBytes([count, side, side], new Uint8Array(count * side * side).fill(3)),
});
const labels = (...values: number[]) => ({ name: "dir/labels", bytes: idxBytes([values.length], values) });

describe("readPair", () => {
  it("joins images and labels", () => {
    const digits = readPair(images(2), labels(9, 0));
    expect(digits).toEqual({
      images: new Uint8Array(2 * PIXELS).fill(3),
      labels: Uint8Array.of(9, 0),
      shape: [2, 28, 28],
      length: 2,
    });
  });

  it.each([
    ["other counts", images(3), labels(1, 2), /dir\/images has 3 images, dir\/labels has 2 labels/],
    ["another size", images(1, 32), labels(1), /dir\/images: images of 32 × 32, wanted 28 × 28/],
    ["nothing", images(0), labels(), /dir\/images: 0 images/],
    ["a label above 9", images(3), labels(1, 10, 17), /dir\/labels: label 10 at index 1, wanted 0 to 9/],
    ["labels for images", labels(1), labels(1), /dir\/labels: a labels file \(1 axis\), wanted an images file/],
    ["images for labels", images(1), images(1), /dir\/images: an images file \(3 axes\), wanted a labels file/],
    [
      "two axes",
      { name: "matrix", bytes: idxBytes([1, 2], [1, 2]) },
      labels(1),
      /matrix: an idx file with 2 axes, wanted an images file.*mislabelled/,
    ],
  ])("refuses %s", (_, imagesFile, labelsFile, message) => {
    expect(() => readPair(imagesFile, labelsFile)).toThrow(message);
  });
});
