import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { dist, loaded } from "./bundle.mjs";

/**
 * What a page downloads for each built entry, in bytes: minified, with the WASM that it loads; and for each file that
 * entries load when it is needed, by itself.
 */
export function entrySizes() {
  const wasm = readFileSync(join(dist, "evenkeel.wasm"));
  const entries = readdirSync(dist).filter((name) => name.endsWith(".js"));
  return entries.map((name) => {
    const code = readFileSync(join(dist, name));
    // Cloudflare's entries import the module, slim is given it.
    const external = code.includes('"./evenkeel.wasm"') || name === "slim.js";
    const files = external ? [code, wasm] : [code];
    const sum = (/** @type {(bytes: Buffer) => number} */ size) => files.reduce((total, file) => total + size(file), 0);
    const later = name.replace(".js", "") in loaded;
    return {
      name: external ? `${name} + .wasm` : later ? `${name}, when called` : name,
      bytes: sum((file) => file.length),
      gzip: sum((file) => gzipSync(file, { level: 9 }).length),
      brotli: sum((file) => brotliCompressSync(file).length),
    };
  });
}
