import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";

const tensors = new Map<string, StoredTensor>([
  ["dense/kernel", { shape: [2, 3], values: new Float32Array([1, -2, 3.5, 0, -0, 6]) }],
  ["steps", { shape: [], values: new Int32Array([7]) }],
  ["empty", { shape: [0, 4], values: new Float32Array(0) }],
]);

/** A file with the given header text and so many bytes of values. */
function file(header: string | object, values = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + values);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("safetensors", () => {
  it("gives back what was written, bit by bit, also from an odd address, and from Node's Buffer", () => {
    const metadata = { model: '{"a\\"}": [1]}', format: "x" };
    const bytes = writeSafetensors({ tensors, metadata });
    const moved = new Uint8Array(bytes.length + 3).subarray(3);
    moved.set(bytes);
    for (const each of [bytes, moved, Buffer.from(moved)]) {
      const read = readSafetensors(each, "f");
      expect(read.metadata).toEqual(metadata);
      expect([...read.tensors.keys()]).toEqual([...tensors.keys()]);
      for (const [name, { shape, values }] of tensors) expect(read.tensors.get(name)).toEqual({ shape, values });
    }
    expect(Object.is(readSafetensors(bytes, "f").tensors.get("dense/kernel")!.values[4], -0)).toBe(true);
  });

  it("writes the same bytes for the same content, the values at a multiple of 8", () => {
    const bytes = writeSafetensors({ tensors, metadata: { a: "é" } });
    expect(writeSafetensors({ tensors, metadata: { a: "é" } })).toEqual(bytes);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(bytes.length).toBe(8 + length + 24 + 4);
    const json = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(JSON.parse(json)["dense/kernel"]).toEqual(f32(0, 24, [2, 3]));
  });

  it("refuses every truncation", () => {
    const bytes = writeSafetensors({ tensors, metadata: {} });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readSafetensors(bytes.subarray(0, length), "cut.safetensors")).toThrow(/^cut\.safetensors: /);
    }
  });

  it.each([
    ["bytes after the values", file({ a: f32(0, 4) }, 5), "1 bytes after the last tensor"],
    ["missing values", file({ a: f32(0, 8) }, 4), "truncated: 4 of 8 bytes"],
    ["a hole", file({ a: f32(0, 4), b: f32(8, 12) }, 12), '"b" leaves a hole of 4 bytes'],
    ["a hole at the start", file({ a: f32(4, 8) }, 8), '"a" leaves a hole'],
    ["overlap", file({ a: f32(0, 8), b: f32(4, 12) }, 12), '"b" overlaps'],
    ["a size that is not the shape's", file({ a: f32(0, 8, [3]) }, 8), "8 bytes for the shape [3], which takes 12"],
    ["a negative size", file({ a: f32(0, 8, [-2]) }, 8), '"a" has no valid shape'],
    ["a broken shape", file({ a: f32(0, 8, "2") }, 8), '"a" has no valid shape'],
    ["no offsets", file({ a: { dtype: "F32", shape: [] } }, 4), '"a" has no valid shape'],
    ["an entry that is null", file({ a: null }), '"a" has no valid shape'],
    ["half precision", file({ a: { ...f32(0, 4, [2]), dtype: "F16" } }, 4), '"F16"; F32 and I32 can be read'],
    ["a name twice", file('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}'), '"a" twice'],
    ["broken JSON", file('{"a": '), "the header is broken"],
    ["text that is not UTF-8", file("{}").with(9, 0xff), "the header is broken"],
    ["an array", file("[1, 2]  "), "no safetensors file"],
    ["another format", new TextEncoder().encode("PK\u0003\u0004 and so on, some more"), "no safetensors file"],
    ["a header longer than the format allows", file("{}").with(6, 1), "no safetensors file"],
    ["metadata of numbers", file({ __metadata__: { a: 1 } }), "maps strings to strings"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes, "f")).toThrow(message);
  });

  it("finds repeated names only where names are", () => {
    const header = `{"__metadata__":{"a":"x","b":"{\\"a\\": 1, \\"a\\": 2}"},"a":${JSON.stringify(f32(0, 0))}}`;
    expect(readSafetensors(file(header), "f").tensors.size).toBe(1);
  });
});
