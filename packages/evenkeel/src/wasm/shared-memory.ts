import { EvenkeelError } from "../errors.ts";

const pages = { most: 65_536, least: 1024 };

/** Why this host gives no memory that threads share; undefined when it does. */
export function whyUnshared(): string | undefined {
  // Pages that are not isolated have no SharedArrayBuffer, and could not send one to a worker.
  if (typeof SharedArrayBuffer === "function") return undefined;
  return (
    "there is no SharedArrayBuffer; serve the page with the headers Cross-Origin-Opener-Policy: same-origin and " +
    "Cross-Origin-Embedder-Policy: require-corp"
  );
}

/**
 * The memory of the build with threads: shared where the host allows it, else an ordinary one. It may grow to 4 GiB, or
 * to as much as the host can promise, which is less on some phones.
 */
export function createMemory(initial: number): WebAssembly.Memory {
  for (let maximum = pages.most; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: whyUnshared() === undefined });
    } catch (cause) {
      if (maximum > pages.least) continue;
      throw new EvenkeelError(`evenkeel/threads: no memory (${String(cause)}); use the entry without threads`, {
        cause,
      });
    }
  }
}
