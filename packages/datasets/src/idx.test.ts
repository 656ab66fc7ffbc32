import { describe, expect, it } from "vitest";
import { parseIdx } from "./idx.ts";
import { idxBytes } from "./testing.ts";

const parse = (bytes: Uint8Array) => parseIdx(bytes, { name: "some-file" });

describe("parseIdx", () => {
  it("reads shape and data, big-endian", () => {
    const data = Uint8Array.from({ length: 300 * 2 }, (_, i) => i % 251);
    expect(parse(idxBytes([300, 2], data))).toEqual({ shape: [300, 2], data });
  });

  it("reads from a view that doesn't begin at its buffer's start", () => {
    const file = idxBytes([3], [7, 8, 9]);
    const padded = new Uint8Array(file.length + 10);
    padded.set(file, 5);
    expect([...parse(padded.subarray(5, 5 + file.length)).data]).toEqual([7, 8, 9]);
  });

  it("gives a plain Uint8Array also for a Buffer", () => {
    expect(parse(Buffer.from(idxBytes([1], [4]))).data.constructor).toBe(Uint8Array);
  });

  it("reads an empty array", () => {
    expect(parse(idxBytes([0, 28, 28], []))).toEqual({ shape: [0, 28, 28], data: new Uint8Array(0) });
  });

  const whole = idxBytes([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  it.each([
    ["empty", new Uint8Array(0), /some-file: 0 bytes, too short for an idx header/],
    ["a web page", new TextEncoder().encode("<!DOCTYPE html>"), /not an idx file: it begins with 3c 21 44 4f/],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 0), /not an idx file: it begins with 1f 8b 08 00/],
    ["no axes", Uint8Array.of(0, 0, 8, 0, 1), /not an idx file/],
    ["an unknown type", idxBytes([1], [1], 7), /not an idx file/],
    ["float32", idxBytes([1], [0, 0, 0, 0], 13), /an idx file of float32, wanted unsigned bytes/],
    ["a cut header", whole.subarray(0, 9), /truncated: 9 bytes, its header alone has 12/],
    ["cut data", whole.subarray(0, 15), /truncated: \[4, 2\] needs 8 bytes of data, found 3/],
    ["too much data", idxBytes([4, 2], new Uint8Array(9)), /too long: \[4, 2\] needs 8 bytes of data, found 9/],
    ["sizes beyond memory", idxBytes([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], []), /truncated/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(message);
  });
});
