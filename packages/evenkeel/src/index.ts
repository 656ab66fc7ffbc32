import { wasmBase64 } from "./wasm/generated/simd128.ts";
import { moduleFromBase64 } from "./wasm/inline.ts";
import { bind } from "./wasm/kernels.ts";

bind(() => moduleFromBase64(wasmBase64));

export * from "./api.ts";
