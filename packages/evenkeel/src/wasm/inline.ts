import { inflateSync } from "fflate";

/**
 * Compiles a module of `size` bytes from base64 of its raw deflate stream: what the entries use whose WASM travels
 * inside the JavaScript. (The host's own DecompressionStream would make every first call asynchronous.)
 */
export function moduleFromBase64(base64: string, size: number): WebAssembly.Module {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return new WebAssembly.Module(inflateSync(bytes, { out: new Uint8Array(size) }));
}
