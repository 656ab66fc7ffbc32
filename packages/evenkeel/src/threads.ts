import { initialPages, sharedFlag, wasmBase64, wasmSize } from "./wasm/generated/threads.ts";
import { inlined } from "./wasm/inline.ts";
import { bindThreads } from "./wasm/pool.ts";

bindThreads(() => inlined(wasmBase64, wasmSize), initialPages, sharedFlag);

export * from "./api.ts";
export { setThreads } from "./wasm/set-threads.ts";
