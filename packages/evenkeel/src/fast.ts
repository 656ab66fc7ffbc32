import { deltaSize, relaxedSize, simd128Size, wasmBase64 } from "./wasm/generated/fast.ts";
import { inlined, instanceOf } from "./wasm/inline.ts";
import { bind, running } from "./wasm/kernels.ts";
import { patch } from "./wasm/patch.ts";
import { hasRelaxedSimd } from "./wasm/probe.ts";

bind(() => {
  const both = inlined(wasmBase64, simd128Size + deltaSize);
  const [simd128, delta] = [both.subarray(0, simd128Size), both.subarray(simd128Size)];
  if (!hasRelaxedSimd()) return instanceOf(simd128);
  running.build = "relaxed";
  return instanceOf(patch(simd128, delta, relaxedSize));
});

export * from "./api.ts";
