import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as fast from "./generated/fast.ts";
import { inlined, instanceOf } from "./inline.ts";
import { takePieces } from "./pieces.ts";

it.for([
  [0, 0],
  [1, 0],
  [0, 7],
  [10, 10],
  [9, 11],
  [31, 12],
  [12, 31],
] as const)("gives back modules of %i and %i bytes", ([first, second]) => {
  const modules = [first, second].map((size, i) => Uint8Array.from({ length: size }, (_, at) => 100 * i + at));
  const zipped: number[] = [];
  for (let at = 0; at < 40; at += 5) for (const bytes of modules) zipped.push(...bytes.subarray(at, at + 5));
  for (const which of [0, 1] as const) {
    expect(takePieces(Uint8Array.from(zipped), 5, [first, second], which)).toEqual(modules[which]);
  }
});

it("gives back the builds", () => {
  const sizes = [fast.simd128Size, fast.relaxedSize] as const;
  const zipped = inlined(fast.wasmBase64, sizes[0] + sizes[1]);
  const simd128 = takePieces(zipped, fast.pieceSize, sizes, 0);
  const file = readFileSync(new URL("generated/evenkeel.wasm", import.meta.url));
  expect(Buffer.compare(simd128, file)).toBe(0);
  const relaxed = takePieces(zipped, fast.pieceSize, sizes, 1);
  expect(Object.keys(instanceOf(relaxed).exports)).toEqual(Object.keys(instanceOf(simd128).exports));
});
