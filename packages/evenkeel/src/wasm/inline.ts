import { decompress } from "fzstd";
import { builtin } from "../host.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * `size` bytes from base64 of their zstd frame: how WASM travels inside the JavaScript of an entry. The host does both
 * where it can at once, because JavaScript that runs for the first time is slow: 1 ms instead of 30. (The
 * DecompressionStream of browsers would make every first call asynchronous.)
 */
export function inlined(base64: string, size: number): Bytes {
  const { fromBase64 } = Uint8Array as { fromBase64?: (text: string) => Bytes };
  const bytes = fromBase64?.call(Uint8Array, base64) ?? decoded(atob(base64));
  const zlib = builtin<{ zstdDecompressSync?: (bytes: Bytes, options: { chunkSize: number }) => Bytes }>("zlib");
  // In one piece: half the time that pieces of the default size take.
  return zlib?.zstdDecompressSync?.(bytes, { chunkSize: size }) ?? (decompress(bytes, new Uint8Array(size)) as Bytes);
}

function decoded(binary: string): Bytes {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** An instance of a module that imports nothing. */
export function instanceOf(bytes: Bytes): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes));
}
