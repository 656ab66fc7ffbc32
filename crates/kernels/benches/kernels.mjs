// One table: kernel x size -> ms, GFLOP/s and the share of the simd128 peak, or GB/s and the share of a copy's,
// measured in the same run. Convolutions count the operations of the direct algorithm, so Winograd may pass 100 %.
// Usage: node kernels.mjs [wasm] [filter]
import { readFileSync } from "node:fs";
import { loadProbes } from "./probes.mjs";
import { streamRows } from "./streams.mjs";

const built = new URL("../../../packages/evenkeel/src/wasm/generated/evenkeel.wasm", import.meta.url);
const [path = built, filter = ""] = process.argv.slice(2);
const kernels = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path))).exports;
const { peak, copy } = loadProbes();

/** `n` floats in [-1, 1), seeded. */
function floats(n) {
  const address = kernels.alloc(4 * n);
  if (address === 0) throw new Error(`no memory for ${n} floats`);
  const view = new Float32Array(kernels.memory.buffer, address, n);
  for (let i = 0, state = 1; i < n; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    view[i] = state / 2 ** 31 - 1;
  }
  return address;
}

function geometry(...sizes) {
  const address = kernels.args();
  new Uint32Array(kernels.memory.buffer, address, sizes.length).set(sizes);
  return address;
}

function product(name, m, n, k, transposeA = 0, transposeB = 0) {
  return {
    name: `${name} ${m}x${n}x${k}`,
    flops: 2 * m * n * k,
    prepare() {
      const [a, b, c] = [floats(m * k), floats(k * n), floats(m * n)];
      return () => kernels.matmul(transposeA, transposeB, m, n, k, a, b, 0, 0, 0, c);
    },
  };
}

/** A convolution of stride 1 without dilation: forward and both gradients. */
function convolution(name, [batch, height, width, channels], kernel, filters, pad = 0) {
  const [outH, outW] = [height + 2 * pad - kernel + 1, width + 2 * pad - kernel + 1];
  const sizes = [batch, height, width, channels, kernel, kernel, filters, 1, 1, 1, 1, pad, pad, outH, outW, 1];
  const flops = 2 * batch * outH * outW * kernel * kernel * channels * filters;
  const arrays = () =>
    [batch * height * width * channels, kernel * kernel * channels * filters, batch * outH * outW * filters].map(
      floats,
    );
  return [
    {
      name: `${name} forward`,
      flops,
      prepare() {
        const [x, w, y] = arrays();
        const bias = floats(filters);
        return () => kernels.conv2d_forward(geometry(...sizes), x, w, bias, 1, 0, y);
      },
    },
    {
      name: `${name} backward input`,
      flops,
      prepare() {
        const [dx, w, dy] = arrays();
        return () => kernels.conv2d_backward(geometry(...sizes), 0, dy, w, dx, 0);
      },
    },
    {
      name: `${name} backward filter`,
      flops,
      prepare() {
        const [x, dw, dy] = arrays();
        return () => kernels.conv2d_backward(geometry(...sizes), x, dy, 0, 0, dw);
      },
    },
    {
      name: `${name} backward both`,
      flops: 2 * flops,
      prepare() {
        const [x, w, dy] = arrays();
        const [dx, dw] = arrays();
        return () => kernels.conv2d_backward(geometry(...sizes), x, dy, w, dx, dw);
      },
    },
  ];
}

const rows = [
  product("matmul", 256, 256, 256),
  product("matmul", 512, 512, 512),
  product("dense forward", 128, 128, 9216),
  product("dense backward input", 128, 9216, 128, 0, 1),
  product("dense backward weights", 9216, 128, 128, 1, 0),
  product("dense one sample", 1, 128, 9216),
  ...convolution("conv 3x3 [128,28,28,1]->32", [128, 28, 28, 1], 3, 32),
  ...convolution("conv 3x3 [128,26,26,32]->64", [128, 26, 26, 32], 3, 64),
  ...convolution("conv 3x3 same [16,32,32,3]->32", [16, 32, 32, 3], 3, 32, 1),
  ...convolution("conv 3x3 same [16,14,14,128]->128", [16, 14, 14, 128], 3, 128, 1),
  ...convolution("conv 5x5 same [16,14,14,32]->64", [16, 14, 14, 32], 5, 64, 2),
  ...streamRows({ kernels, floats, geometry }),
].filter(({ name }) => name.includes(filter));

/** The best and the median ms of `run` over about half a second, after a warm-up that lets the engine optimize. */
function time(run) {
  const samples = [];
  for (const end = performance.now() + 1000; performance.now() < end;) run();
  for (const end = performance.now() + 500; performance.now() < end || samples.length < 5;) {
    const start = performance.now();
    run();
    samples.push(performance.now() - start);
  }
  samples.sort((a, b) => a - b);
  return { best: samples[0], median: samples[samples.length >> 1] };
}

/** GFLOP/s of the register-only loop. */
const measurePeak = () => peak() / time(peak).best / 1e6;

/** GB/s of a copy that moves as many bytes. */
const measureCopy = (bytes) => bytes / time(copy(bytes)).best / 1e6;

console.log("kernel".padEnd(50), "best ms", "median", "  GF/s or GB/s", "  share of peak or copy");
for (const { name, flops, bytes, prepare } of rows) {
  const { best, median } = time(prepare());
  const rate = (flops ?? bytes) / best / 1e6;
  const share = `${Math.round((100 * rate) / (flops ? measurePeak() : measureCopy(bytes)))} %`;
  const numbers = [best.toFixed(2).padStart(7), median.toFixed(2).padStart(7), rate.toFixed(1).padStart(9)];
  console.log(name.padEnd(50), ...numbers, flops ? "GF/s" : "GB/s", share.padStart(10));
}
