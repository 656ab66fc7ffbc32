import { relaxedSize, simd128Size, wasmBase64 } from "./wasm/generated/fast.ts";
import { inlined, instanceOf } from "./wasm/inline.ts";
import { bind, running } from "./wasm/kernels.ts";
import { hasRelaxedSimd } from "./wasm/probe.ts";

bind(() => {
  const both = inlined(wasmBase64, simd128Size + relaxedSize);
  const relaxed = hasRelaxedSimd();
  running.build = relaxed ? "relaxed" : "simd128";
  return instanceOf(relaxed ? both.subarray(simd128Size) : both.subarray(0, simd128Size));
});

export * from "./api.ts";
