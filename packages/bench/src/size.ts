import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./paths.ts";
import type { Cell } from "./result.ts";

/** Bytes, gzipped, of the largest of the entries that the package is built into, each with the WASM it loads. */
export function measureSizes(): { cell: Cell; note: string } {
  const dist = join(root, "packages", "evenkeel", "dist");
  const gzipped = (name: string): number => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
  const sizeOf = (name: string): number => {
    const loads = [...readFileSync(join(dist, name), "utf8").matchAll(/"\.\/([\w.-]+\.wasm)"/g)];
    return gzipped(name) + [...new Set(loads.map(([, wasm]) => wasm!))].reduce((sum, wasm) => sum + gzipped(wasm), 0);
  };
  const names = readdirSync(dist).filter((name) => name.endsWith(".js"));
  const sizes = names.map((name) => [name, sizeOf(name)] as const);
  const largest = Math.max(...sizes.map(([, size]) => size));
  return {
    cell: { status: "timed", median: largest, best: largest, rounds: [largest] },
    note: sizes.map(([name, size]) => `${name} ${(size / 1000).toFixed(1)} KB`).join("; "),
  };
}
