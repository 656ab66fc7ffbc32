import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { errorOf } from "./error.ts";

export { errorOf };

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

export function expectClose(
  what: string,
  got: ArrayLike<number>,
  reference: ArrayLike<number>,
  tolerance = 1e-5,
): void {
  expect(errorOf(got, reference), `${what}: error by the tensor's scale`).toBeLessThanOrEqual(tolerance);
}
