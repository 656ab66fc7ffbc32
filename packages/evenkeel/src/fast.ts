import { pieceSize, relaxedSize, simd128Size, wasmBase64 } from "./wasm/generated/fast.ts";
import { inlined, instanceOf } from "./wasm/inline.ts";
import { bind, running } from "./wasm/kernels.ts";
import { takePieces } from "./wasm/pieces.ts";
import { hasRelaxedSimd } from "./wasm/probe.ts";

bind(() => {
  const relaxed = hasRelaxedSimd();
  const zipped = inlined(wasmBase64, simd128Size + relaxedSize);
  const instance = instanceOf(takePieces(zipped, pieceSize, [simd128Size, relaxedSize], relaxed ? 1 : 0));
  running.build = relaxed ? "relaxed" : "simd128";
  return instance;
});

export * from "./api.ts";
