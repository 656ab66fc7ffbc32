// What a page downloads for each entry: minified, the WASM in it, gzipped. Fails above the limit.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { dist } from "./lib/bundle.mjs";

const limit = 110_000;
const wasm = readFileSync(join(dist, "evenkeel.wasm"));
const entries = readdirSync(dist).filter((name) => name.endsWith(".js"));

console.log(["entry".padEnd(30), ...["bytes", "gzip", "brotli"].map((title) => title.padStart(9))].join(""));
for (const name of entries) {
  const code = readFileSync(join(dist, name));
  // Cloudflare's entries import the module, slim is given it.
  const external = code.includes('"./evenkeel.wasm"') || name === "slim.js";
  const files = external ? [code, wasm] : [code];
  const sum = (/** @type {(bytes: Buffer) => number} */ size) => files.reduce((total, file) => total + size(file), 0);
  const gzipped = sum((file) => gzipSync(file, { level: 9 }).length);
  const sizes = [sum((file) => file.length), gzipped, sum((file) => brotliCompressSync(file).length)];
  console.log([(external ? `${name} + .wasm` : name).padEnd(30), ...sizes.map((n) => String(n).padStart(9))].join(""));
  if (gzipped > limit) {
    console.error(`${name}: ${gzipped} bytes gzipped, above the limit of ${limit}`);
    process.exitCode = 1;
  }
}
console.log(`limit: ${limit} bytes gzipped an entry`);
