// What this machine can do, measured by two loops of simd128 that do nothing else: the references of the benchmarks.
import { readFileSync } from "node:fs";
import binaryen from "binaryen";

const flopsPerTurn = 96;
const page = 65536;

/**
 * `peak()` computes in registers for some milliseconds and returns how many floating-point operations it did.
 * `copy(bytes)` returns a function that reads and writes `bytes` in total.
 */
export function loadProbes() {
  const probes = parseProbes();
  const turns = 1e6;
  return {
    peak() {
      probes.peak(turns, 0.5);
      return turns * flopsPerTurn;
    },
    copy(bytes) {
      const half = Math.ceil(bytes / 2 / 64) * 64;
      const missing = Math.ceil((2 * half - probes.memory.buffer.byteLength) / page);
      if (missing > 0) probes.memory.grow(missing);
      // Pages that nobody has written are one page of zeros, which never leaves the first cache.
      new Uint8Array(probes.memory.buffer, 0, half).fill(1);
      return () => probes.copy(half, 0, half);
    },
  };
}

function parseProbes() {
  const module = binaryen.parseText(readFileSync(new URL("probes.wat", import.meta.url), "utf8"));
  module.setFeatures(binaryen.Features.SIMD128);
  return new WebAssembly.Instance(new WebAssembly.Module(module.emitBinary())).exports;
}
