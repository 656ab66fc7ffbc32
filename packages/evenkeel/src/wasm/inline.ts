import { inflateSync } from "fflate";
import { builtin } from "../host.ts";

/**
 * `size` bytes from base64 of their raw deflate stream: how WASM travels inside the JavaScript of an entry. The host
 * does both where it can at once, because JavaScript that runs for the first time is slow: 1 ms instead of 20. (Its
 * DecompressionStream would make every first call asynchronous.)
 */
export function inlined(base64: string, size: number): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
  const bytes = fromBase64?.call(Uint8Array, base64) ?? decoded(atob(base64));
  const result = new Uint8Array(size);
  const zlib = builtin<{ inflateRawSync?: (bytes: Uint8Array) => Uint8Array }>("zlib");
  if (zlib?.inflateRawSync === undefined) inflateSync(bytes, { out: result });
  else result.set(zlib.inflateRawSync(bytes));
  return result;
}

function decoded(binary: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** An instance of a module that imports nothing. */
export function instanceOf(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes));
}
