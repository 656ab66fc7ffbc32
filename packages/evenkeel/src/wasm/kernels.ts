import { EvenkeelError } from "../errors.ts";
import type { Exports } from "./generated/exports.ts";

/**
 * The raw exports of the WASM module, by the names they have in crates/wasm: a live binding. The first access of any
 * kernel compiles the module (synchronously, about a millisecond) and replaces this stand-in by the real exports, so
 * that importing evenkeel costs nothing and a call afterwards costs nothing extra.
 */
export let kernels: Exports = new Proxy({} as Exports, {
  get: (_, name) => load()[name as keyof Exports],
});

/** Which build of the module runs, and on how many threads. */
export const running: { build: "simd128" | "relaxed" | "threads"; threads: number } = { build: "simd128", threads: 1 };

let instantiate: (() => WebAssembly.Instance) | undefined;

/** Called once by each entry: says where the instance of the module comes from. */
export function bind(instantiator: () => WebAssembly.Instance): void {
  instantiate = instantiator;
}

function load(): Exports {
  if (instantiate === undefined) throw new EvenkeelError("evenkeel: no WASM module bound; import it from an entry");
  try {
    kernels = instantiate().exports as unknown as Exports;
  } catch (cause) {
    if (cause instanceof EvenkeelError) throw cause;
    const fix =
      "it needs WebAssembly SIMD (Node 20+, Chrome 91+, Firefox 89+, Safari 16.4+) and, on a page with a content " +
      "security policy, script-src 'wasm-unsafe-eval'";
    throw new EvenkeelError(`evenkeel: the WASM module was refused (${String(cause)}); ${fix}`, { cause });
  }
  return kernels;
}
