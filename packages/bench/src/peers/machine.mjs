// What the machine can do at most, in the time it needs for the work of a row: floating-point operations in registers
// (simd128, no memory), or a copy that reads and writes as many bytes.
import { loadProbes } from "../../../../crates/kernels/benches/probes.mjs";

export async function load() {
  const { peak, copy } = loadProbes();
  /** The ms that `work` takes, when a run does `done` of it. */
  const scaled = (run, done, work) => ({
    outputs: () => ({}),
    run: () => {
      const start = performance.now();
      run();
      return ((performance.now() - start) * work) / done;
    },
  });
  return {
    version: process.version,
    jobs: {
      peak: (_, { flops }) => scaled(peak, peak(), flops),
      copy: (_, { bytes, within = bytes }) => scaled(copy(within), within, bytes),
    },
  };
}
