// What a page downloads for each entry: minified, the WASM in it, gzipped. Fails above the limit.
import { entrySizes } from "./lib/sizes.mjs";

const limit = 125_000;

console.log(["entry".padEnd(30), ...["bytes", "gzip", "brotli"].map((title) => title.padStart(9))].join(""));
for (const { name, bytes, gzip, brotli } of entrySizes()) {
  console.log([name.padEnd(30), ...[bytes, gzip, brotli].map((n) => String(n).padStart(9))].join(""));
  if (gzip > limit) {
    console.error(`${name}: ${gzip} bytes gzipped, above the limit of ${limit}`);
    process.exitCode = 1;
  }
}
console.log(`limit: ${limit} bytes gzipped an entry`);
