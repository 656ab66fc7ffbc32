import { readFileSync } from "node:fs";
import { expect } from "vitest";

/** A reference tensor: base64 of little-endian float64, and what other libraries' float32 made of it. */
export interface Reference {
  shape: number[];
  float64: string;
  keras32?: string;
  torch32?: string;
}

export function readGoldens(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`data/${name}.json`, import.meta.url), "utf8"));
}

export function decode({ float64 }: Reference): Float64Array {
  return new Float64Array(Uint8Array.from(Buffer.from(float64, "base64")).buffer);
}

/** The largest |got − reference| over the largest |reference|; infinite when anything is NaN or the shapes differ. */
export function errorOf(got: ArrayLike<number>, reference: ArrayLike<number>, scale = largest(reference)): number {
  if (got.length !== reference.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i]! - reference[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return scale === 0 ? worst : worst / scale;
}

export function expectClose(
  what: string,
  got: ArrayLike<number>,
  reference: ArrayLike<number>,
  tolerance = 1e-5,
): void {
  expect(errorOf(got, reference), `${what}: error by the tensor's scale`).toBeLessThanOrEqual(tolerance);
}

function largest(values: ArrayLike<number>): number {
  let result = 0;
  for (let i = 0; i < values.length; i++) result = Math.max(result, Math.abs(values[i]!));
  return result;
}
