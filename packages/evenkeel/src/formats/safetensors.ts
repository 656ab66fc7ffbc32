import { ArgumentError, DataError, shapeText, valueText } from "../errors.ts";

/** A named array of a file. float32 is "F32" there, int32 "I32". */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit for the header, in bytes. */
const longestHeader = 100_000_000;
const dtypes = { F32: Float32Array, I32: Int32Array } as const;

/**
 * A safetensors file: 8 bytes with the header's length n (little endian), n bytes of JSON, then the values, each tensor
 * after the one before it, in the order of the map. The same content gives the same bytes. The header is filled up with
 * spaces so that the values start at a multiple of 8.
 */
export function writeSafetensors({ tensors, metadata }: Safetensors): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    if (name === "__metadata__") throw new ArgumentError(`safetensors: a tensor is named ${name}; rename it`);
    const dtype = values instanceof Float32Array ? "F32" : "I32";
    header[name] = { dtype, shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  if (length > longestHeader) {
    throw new ArgumentError(`safetensors: a header of ${length} bytes; the format allows ${longestHeader}`);
  }
  const bytes = new Uint8Array(8 + length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, 8 + length);
  offset = 8 + length;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file, strictly: every byte of the values belongs to exactly one tensor, sizes agree with shapes,
 * names are unique. `name` is the file's, for errors. Errors: DataError that says what is wrong and where.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const { header, start } = readHeader(bytes, name);
  const metadata = readMetadata(header.__metadata__, name);
  const entries = Object.entries(header).filter(([key]) => key !== "__metadata__");
  const found = entries.map(([key, entry]) => readEntry(key, entry, name));
  checkOffsets(found, bytes.length - start, name);
  const tensors = new Map<string, StoredTensor>();
  for (const { key, dtype, shape, begin, end } of found) {
    // A copy, as the file's own buffer need not be aligned. (Not by `slice`, which Node's Buffer shares.)
    const { buffer } = new Uint8Array(bytes.subarray(start + begin, start + end));
    tensors.set(key, { shape, values: new dtypes[dtype](buffer) });
  }
  return { tensors, metadata };
}

interface Entry {
  key: string;
  dtype: keyof typeof dtypes;
  shape: number[];
  begin: number;
  end: number;
}

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw new DataError(`${name}: ${bytes.length} bytes; no safetensors file is that short`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > longestHeader || bytes[8] !== 0x7b) {
    throw new DataError(`${name}: no safetensors file: it does not start with the length of a JSON header and "{"`);
  }
  const start = 8 + Number(length);
  if (start > bytes.length) {
    throw new DataError(`${name}: truncated: a header of ${length} bytes in a file of ${bytes.length}; get it again`);
  }
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start));
    header = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${name}: the header is broken (${(cause as Error).message}); get the file again`, { cause });
  }
  const twice = firstRepeatedKey(text);
  if (twice !== undefined) throw new DataError(`${name}: the header names ${valueText(twice)} twice; write it anew`);
  return { header: header as Record<string, unknown>, start };
}

function readMetadata(metadata: unknown, name: string): Record<string, string> {
  if (metadata === undefined) return {};
  const valid =
    typeof metadata === "object" &&
    metadata !== null &&
    Object.values(metadata).every((value) => typeof value === "string");
  if (valid) return metadata as Record<string, string>;
  throw new DataError(`${name}: __metadata__ is ${valueText(metadata)}; it maps strings to strings`);
}

function readEntry(key: string, entry: unknown, name: string): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new DataError(`${name}: the tensor ${valueText(key)} has no valid shape and data_offsets`);
  }
  if (dtype !== "F32" && dtype !== "I32") {
    throw new DataError(`${name}: the tensor ${valueText(key)} is ${valueText(dtype)}; F32 and I32 can be read`);
  }
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((product, axis) => product * axis, 4);
  if (end - begin === size) return { key, dtype, shape, begin, end };
  const came = `${end - begin} bytes for the shape ${shapeText(shape)}, which takes ${size}`;
  throw new DataError(`${name}: the tensor ${valueText(key)} has ${came}`);
}

/** The tensors lie one behind the other, from the first byte to the last. */
function checkOffsets(entries: readonly Entry[], length: number, name: string): void {
  let at = 0;
  for (const { key, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      const fault = begin < at ? "overlaps the tensor before it" : `leaves a hole of ${begin - at} bytes before it`;
      throw new DataError(`${name}: the tensor ${valueText(key)} ${fault}`);
    }
    at = end;
  }
  if (at > length) throw new DataError(`${name}: truncated: ${length} of ${at} bytes of values; get it again`);
  if (at < length) throw new DataError(`${name}: ${length - at} bytes after the last tensor that belong to none`);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

/** The first key that an object of the JSON text `json` (which parses) has twice in its outermost level. */
function firstRepeatedKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const token of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g)) {
    const [text, colon] = token;
    if (text === "{" || text === "[") depth += 1;
    else if (text === "}" || text === "]") depth -= 1;
    if (depth !== 1 || colon === undefined) continue;
    const key = JSON.parse(text.slice(0, -colon.length)) as string;
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return undefined;
}
