import { wasmBase64, wasmSize } from "./wasm/generated/simd128.ts";
import { inlined, instanceOf } from "./wasm/inline.ts";
import { bind } from "./wasm/kernels.ts";

bind(() => instanceOf(inlined(wasmBase64, wasmSize)));

export * from "./api.ts";
