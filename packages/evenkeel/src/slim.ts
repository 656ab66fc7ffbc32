import { bind } from "./wasm/kernels.ts";
import { given } from "./wasm/given.ts";

bind(() => new WebAssembly.Instance(given()));

export * from "./api.ts";
export { init, type ModuleSource } from "./wasm/given.ts";
