import { ArgumentError, checkKeys, valueText } from "../errors.ts";
import { kernels, running } from "../wasm/kernels.ts";

/** How evenkeel computes: the same for all models of a process. */
export interface Settings {
  /**
   * The largest tile of Winograd's algorithm for 3 x 3 convolutions: "f4" (default; error about 1e-6 of the largest
   * value, as the direct sum), "f6" (faster, 1e-5), or false (direct sums only).
   */
  readonly winograd: "f4" | "f6" | false;
  /** Whether models compute neighbouring layers in one op, bit by bit as they would one by one. Default: true. */
  readonly fusion: boolean;
}

/** The settings, and what computes: which build of the WASM module, and on how many threads (`setThreads`). */
export interface Config extends Settings {
  readonly build: "simd128" | "relaxed" | "threads";
  readonly threads: number;
}

/** The codes of `set_winograd` in crates/wasm. */
const tiles = { f4: 4, f6: 6, none: 0 } as const;

let current: Settings = { winograd: "f4", fusion: true };

export function settings(): Settings {
  return current;
}

/** Changes the settings that are named, and returns all of them. Errors: ArgumentError; then nothing has changed. */
export function config(options: Partial<Settings> = {}): Config {
  const op = "config";
  checkKeys(op, options, ["winograd", "fusion"]);
  const { winograd = current.winograd, fusion = current.fusion } = options;
  if (winograd !== false && winograd !== "f4" && winograd !== "f6") {
    throw new ArgumentError(`${op}: winograd is ${valueText(winograd)}; use "f4", "f6" or false`);
  }
  if (typeof fusion !== "boolean") throw new ArgumentError(`${op}: fusion is ${valueText(fusion)}; use true or false`);
  // Also where nothing changes: it is the first use of the module, which settles the build.
  kernels.set_winograd(tiles[winograd || "none"]);
  current = { winograd, fusion };
  return { ...running, ...current };
}
