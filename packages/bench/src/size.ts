import { entrySizes } from "../../../scripts/lib/sizes.mjs";
import type { Cell } from "./result.ts";

/** Bytes, gzipped, of the largest of the package's entries; the note tells all of them. */
export function measureSizes(): { cell: Cell; note: string } {
  const sizes = entrySizes();
  const largest = Math.max(...sizes.map(({ gzip }) => gzip));
  return {
    cell: { status: "timed", median: largest, best: largest, rounds: [largest] },
    note: sizes.map(({ name, gzip }) => `${name} ${(gzip / 1000).toFixed(1)} KB`).join("; "),
  };
}
