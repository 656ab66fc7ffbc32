import { wasmBase64, wasmSize } from "./wasm/generated/simd128.ts";
import { moduleFromBase64 } from "./wasm/inline.ts";
import { bind } from "./wasm/kernels.ts";

bind(() => moduleFromBase64(wasmBase64, wasmSize));

export * from "./api.ts";
