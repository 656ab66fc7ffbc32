import wasm from "./wasm/generated/evenkeel.wasm";
import { bind } from "./wasm/kernels.ts";
import { checkThreads, stayAlone } from "./wasm/one-thread.ts";

bind(() => new WebAssembly.Instance(wasm));

export * from "./api.ts";

/** Cloudflare Workers have one thread: as in evenkeel/threads where memory cannot be shared. */
export async function setThreads(threads = 1): Promise<number> {
  checkThreads(threads);
  return stayAlone(threads, "Cloudflare Workers have no threads");
}
