import { javascript, onnx, percent, python, pythonFlat, type Row, share } from "./row.ts";

const row = { options: {}, tolerance: 1e-4 };

const bytes = (...shapes: readonly (readonly number[])[]) =>
  4 * shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);

const product = (size: number): Row => ({
  ...row,
  id: `matmul-${size}`,
  title: `Matrix product ${size}×${size}×${size}`,
  job: "matmul",
  arrays: { a: { shape: [size, size] }, b: { shape: [size, size] } },
  contestants: ["evenkeel", "machine", ...pythonFlat, ...javascript, ...onnx],
  ...(size > 512 && { slow: ["tfjs-cpu"] }),
  machine: { flops: 2 * size * size * size },
  targets: [percent(95)],
});

const image = { shape: [128, 26, 26, 32] };
const filter = { shape: [3, 3, 32, 64] };
/** Of the direct algorithm; Winograd's needs fewer. */
const convFlops = 2 * 128 * 24 * 24 * 9 * 32 * 64;
const convolution = "Convolution 3×3, [128,26,26,32] to 64";

const convolutions: readonly Row[] = [
  {
    ...row,
    id: "conv-forward",
    title: `${convolution}, forward`,
    job: "convForward",
    arrays: { x: image, w: filter },
    contestants: ["evenkeel", "evenkeel-f6", "machine", ...python, ...javascript, ...onnx],
    slow: ["tfjs-cpu", "jax"],
    machine: { flops: convFlops },
    targets: [percent(240)],
  },
  {
    ...row,
    id: "conv-gradients",
    title: `${convolution}, both gradients`,
    job: "convGradients",
    arrays: { x: image, w: filter, dy: { shape: [128, 24, 24, 64] } },
    contestants: ["evenkeel", "evenkeel-f6", "machine", ...python, "tfjs-wasm"],
    machine: { flops: 2 * convFlops },
    targets: [percent(260)],
  },
];

const normArrays = (shape: readonly number[]) => ({
  x: { shape, low: -1, high: 3 },
  dy: { shape },
  gamma: { shape: [shape.at(-1)!], low: 0.5, high: 1.5 },
  beta: { shape: [shape.at(-1)!] },
});
const flat = [4096, 512];

/**
 * What a normalization reads and writes at least, forward and backward: its set twice each way where that is the whole
 * batch, and once where it stays in cache.
 */
const normBytes = (shape: readonly number[], passes: "twice" | "once") => ({
  bytes: (passes === "twice" ? 8 : 5) * bytes(shape),
  within: 4 * bytes(shape),
});

const norms: readonly Row[] = [
  {
    ...row,
    id: "batch-norm-images",
    title: "BatchNorm, training, forward and backward, [128,26,26,32]",
    job: "batchNorm",
    arrays: normArrays(image.shape),
    contestants: ["evenkeel", "machine", ...python, ...javascript],
    slow: ["tfjs-cpu"],
    machine: normBytes(image.shape, "twice"),
    targets: [share(0.75, "torch-last"), percent(50)],
  },
  {
    ...row,
    id: "batch-norm-rows",
    title: "BatchNorm, training, forward and backward, [4096,512]",
    job: "batchNorm",
    arrays: normArrays(flat),
    contestants: ["evenkeel", "machine", ...pythonFlat, ...javascript],
    slow: ["tfjs-cpu"],
    machine: normBytes(flat, "twice"),
    targets: [share(0.95, "torch-last"), percent(50)],
  },
  {
    ...row,
    id: "layer-norm",
    title: "LayerNorm, forward and backward, [4096,512]",
    job: "layerNorm",
    arrays: normArrays(flat),
    contestants: ["evenkeel", "machine", ...pythonFlat, ...javascript],
    slow: ["tfjs-cpu", "tfjs-wasm"],
    machine: normBytes(flat, "once"),
    targets: [share(0.85, "torch-last"), percent(50)],
  },
  {
    ...row,
    id: "rms-norm",
    title: "RMSNorm, forward and backward, [4096,512]",
    job: "rmsNorm",
    arrays: normArrays(flat),
    contestants: ["evenkeel", "machine", ...pythonFlat, "jax"],
    machine: normBytes(flat, "once"),
    targets: [share(0.95, "torch-last"), percent(50)],
  },
  {
    ...row,
    id: "group-norm",
    title: "GroupNorm, 8 groups, forward and backward, [128,26,26,32]",
    job: "groupNorm",
    options: { groups: 8 },
    arrays: normArrays(image.shape),
    contestants: ["evenkeel", "machine", ...python, ...javascript],
    slow: ["tfjs-cpu"],
    machine: normBytes(image.shape, "once"),
    targets: [share(1, ["torch-last", "torch-first"]), percent(50)],
  },
];

const parameters = [1_200_330];
const logits = [4096, 512];

/** Compared with a copy that reads and writes as many bytes as the row must. */
const streams: readonly Row[] = [
  {
    ...row,
    id: "max-pool",
    title: "Max pooling 2×2, forward, [128,24,24,64]",
    job: "maxPool",
    arrays: { x: { shape: [128, 24, 24, 64] } },
    contestants: ["evenkeel", "machine", ...python, ...javascript, ...onnx],
    machine: { bytes: bytes([128, 24, 24, 64], [128, 12, 12, 64]) },
    targets: [percent(60)],
  },
  {
    ...row,
    id: "softmax-cross-entropy",
    title: "Softmax and cross-entropy, value and gradient, [4096,512]",
    job: "softmaxCrossEntropy",
    slow: ["tfjs-cpu"],
    arrays: { logits: { shape: logits, low: -4, high: 4 }, labels: { shape: logits, oneHot: true } },
    contestants: ["evenkeel", "machine", ...pythonFlat, ...javascript],
    machine: { bytes: bytes(logits, logits, logits) },
    targets: [percent(60)],
  },
  {
    ...row,
    id: "adam",
    title: "Adam, 1,200,330 parameters",
    job: "adam",
    slow: ["tfjs-cpu"],
    arrays: { parameters: { shape: parameters, low: -0.01, high: 0.01 }, gradients: { shape: parameters } },
    contestants: ["evenkeel", "machine", ...pythonFlat, ...javascript],
    machine: { bytes: 7 * bytes(parameters), within: 4 * bytes(parameters) },
    targets: [percent(60)],
  },
  {
    ...row,
    id: "relu",
    title: "ReLU, forward, [128,26,26,32]",
    job: "relu",
    arrays: { x: image },
    contestants: ["evenkeel", "machine", ...python, ...javascript, ...onnx],
    machine: { bytes: bytes(image.shape, image.shape) },
    targets: [percent(60)],
  },
];

export const operations: readonly Row[] = [product(512), product(1024), ...convolutions, ...norms, ...streams];
