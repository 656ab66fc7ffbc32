import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./paths.ts";
import type { Cell } from "./result.ts";

/** Bytes, gzipped, of each entry that the package is built into, with the WASM it loads. The largest is the median. */
export function measureSizes(): { entries: Record<string, number>; cell: Cell } {
  const dist = join(root, "packages", "evenkeel", "dist");
  const gzipped = (name: string): number => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
  const sizeOf = (name: string): number => {
    const loads = [...readFileSync(join(dist, name), "utf8").matchAll(/"\.\/([\w.-]+\.wasm)"/g)];
    return gzipped(name) + [...new Set(loads.map(([, wasm]) => wasm!))].reduce((sum, wasm) => sum + gzipped(wasm), 0);
  };
  const names = readdirSync(dist).filter((name) => name.endsWith(".js"));
  const entries = Object.fromEntries(names.map((name) => [name, sizeOf(name)]));
  const largest = Math.max(...Object.values(entries));
  return { entries, cell: { status: "timed", median: largest, best: largest, rounds: [largest] } };
}
