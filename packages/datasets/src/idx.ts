import { DataError } from "./errors.ts";

/** An array of bytes with its shape, outermost axis first. */
export interface Idx {
  shape: number[];
  data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const otherTypes: Record<number, string> = {
  0x09: "int8",
  0x0b: "int16",
  0x0c: "int32",
  0x0d: "float32",
  0x0e: "float64",
};

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/**
 * idx = 00 00 | type | rank | rank sizes, big-endian uint32 | elements, last axis fastest.
 *
 * `bytes` is the plain file (not gzipped), `name` is what errors call it. Only unsigned bytes (type 08), as in MNIST
 * and its relatives. The data are a view of `bytes`, not a copy. Throws DataError for anything but one whole idx file.
 * Format: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
 */
export function parseIdx(bytes: Uint8Array, { name }: { name: string }): Idx {
  const fail = (found: string): never => {
    throw new DataError(`mnist: ${name}: ${found}; replace the file by a fresh copy`);
  };
  if (bytes.length < 4) fail(`${bytes.length} bytes, too short for an idx header (4 bytes and more)`);
  const [zero, alsoZero, type, rank] = bytes.subarray(0, 4) as unknown as [number, number, number, number];
  if (zero !== 0 || alsoZero !== 0 || rank === 0 || !(type === UNSIGNED_BYTE || type in otherTypes)) {
    fail(`not an idx file: it begins with ${hex(bytes.subarray(0, 4))}, wanted 00 00 08 and the number of axes`);
  }
  if (type !== UNSIGNED_BYTE) fail(`an idx file of ${otherTypes[type]}, wanted unsigned bytes`);
  const header = 4 + 4 * rank;
  if (bytes.length < header) fail(`truncated: ${bytes.length} bytes, its header alone has ${header}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  const found = bytes.length - header;
  if (found !== size) {
    fail(
      `${found < size ? "truncated" : "too long"}: [${shape.join(", ")}] needs ${size} bytes of data, found ${found}`,
    );
  }
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + header, size) };
}
