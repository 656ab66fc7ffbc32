import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as fast from "./generated/fast.ts";
import { inlined, instanceOf } from "./inline.ts";
import { patch } from "./patch.ts";

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

it("inserts and copies by turns, forwards and backwards", () => {
  const turns = [
    [2, ...bytes("ab"), 3, 2 * 4],
    [0, 2, 2 * 7 - 1],
    [1, ...bytes("!"), 0, 0],
  ];
  expect(text(patch(bytes("0123456789"), Uint8Array.from(turns.flat()), 8))).toBe("ab45601!");
  expect(patch(bytes("0123"), new Uint8Array(0), 0)).toHaveLength(0);
});

it("reads numbers of several bytes", () => {
  const source = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
  // 0x1_0000 bytes from 300 on.
  const delta = Uint8Array.of(0, 0x80, 0x80, 0x04, 0xd8, 0x04);
  expect(patch(source, delta, 0x1_0000)).toEqual(source.slice(300, 300 + 0x1_0000));
});

it("makes the build with relaxed SIMD of the other, with the same exports", () => {
  const { simd128Size, relaxedSize, deltaSize, wasmBase64 } = fast;
  const both = inlined(wasmBase64, simd128Size + deltaSize);
  const [simd128, delta] = [both.subarray(0, simd128Size), both.subarray(simd128Size)];
  const file = readFileSync(new URL("generated/evenkeel.wasm", import.meta.url));
  expect(Buffer.compare(simd128, file)).toBe(0);
  const relaxed = patch(simd128, delta, relaxedSize);
  expect(Object.keys(instanceOf(relaxed).exports)).toEqual(Object.keys(instanceOf(simd128).exports));
});
