import { existsSync } from "node:fs";

/** The WASM module is built, not committed: without it every test would fail with a missing import. */
export default function setup(): void {
  const generated = new URL("../packages/evenkeel/src/wasm/generated/simd128.ts", import.meta.url);
  if (!existsSync(generated)) throw new Error("the WASM module is not built: run npm run wasm");
}
