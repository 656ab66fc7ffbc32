// Who takes part. Each is a process of its own (peers/serve.mjs or peers/serve.py).

export interface Contestant {
  readonly name: string;
  /** The module of peers/ that knows its library. */
  readonly peer: string;
  readonly python?: boolean;
  readonly threads: number;
  readonly options?: Readonly<Record<string, unknown>>;
}

const evenkeel = { peer: "evenkeel" };
const keras = { peer: "keras_tensorflow", python: true };
const torch = { peer: "pytorch", python: true };
const last = { layout: "channels-last" };
const first = { layout: "channels-first" };
const f6 = { winograd: "f6" };

export const contestants = {
  evenkeel: { ...evenkeel, name: "evenkeel", threads: 1 },
  "evenkeel-f6": { ...evenkeel, name: "evenkeel, f6", threads: 1, options: f6 },
  "evenkeel-2t": { ...evenkeel, name: "evenkeel, 2 threads", threads: 2 },
  "evenkeel-f6-2t": { ...evenkeel, name: "evenkeel, f6, 2 threads", threads: 2, options: f6 },
  shared: { ...evenkeel, name: "evenkeel, the kernel it shares", threads: 1, options: { shared: true } },
  machine: { peer: "machine", name: "the machine", threads: 1 },
  keras: { ...keras, name: "Keras on TensorFlow", threads: 1 },
  "keras-2t": { ...keras, name: "Keras on TensorFlow, 2 threads", threads: 2 },
  "torch-last": { ...torch, name: "PyTorch, channels last", threads: 1, options: last },
  "torch-last-2t": { ...torch, name: "PyTorch, channels last, 2 threads", threads: 2, options: last },
  "torch-first": { ...torch, name: "PyTorch, channels first", threads: 1, options: first },
  "torch-first-2t": { ...torch, name: "PyTorch, channels first, 2 threads", threads: 2, options: first },
  "tfjs-wasm": { peer: "tfjs", name: "TensorFlow.js, wasm", threads: 1, options: { backend: "wasm" } },
  "tfjs-cpu": { peer: "tfjs", name: "TensorFlow.js, cpu", threads: 1, options: { backend: "cpu" } },
  jax: { peer: "jax", name: "jax-js", threads: 1 },
  "ort-web": { peer: "onnxruntime", name: "onnxruntime-web", threads: 1, options: { package: "onnxruntime-web" } },
  "ort-node": { peer: "onnxruntime", name: "onnxruntime-node", threads: 1, options: { package: "onnxruntime-node" } },
} as const satisfies Record<string, Contestant>;

export type ContestantId = keyof typeof contestants;

export const contestant = (id: ContestantId): Contestant => contestants[id];

export const isPython = (id: ContestantId): boolean => contestant(id).python ?? false;
