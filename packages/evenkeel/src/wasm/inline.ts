import { inflateSync } from "fflate";

/**
 * `size` bytes from base64 of their raw deflate stream: how WASM travels inside the JavaScript of an entry. (The host's
 * own DecompressionStream would make every first call asynchronous.)
 */
export function inlined(base64: string, size: number): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const result = new Uint8Array(size);
  inflateSync(bytes, { out: result });
  return result;
}

/** An instance of a module that imports nothing. */
export function instanceOf(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes));
}
