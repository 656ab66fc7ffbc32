import wasm from "./wasm/generated/evenkeel.wasm";
import { bind } from "./wasm/kernels.ts";

// Workers may not compile bytes; a module that was imported is compiled already.
bind(() => new WebAssembly.Instance(wasm));

export * from "./api.ts";
