import { weights } from "../arrays.ts";
import { beyond, javascript, onnx, python, pythonFlat, type Row, share, times } from "./row.ts";

const data = (batch: number, sample: readonly number[]) => ({
  x: { shape: [batch, ...sample], low: 0, high: 1 },
  y: { shape: [batch, 10], oneHot: true },
});
const images = [28, 28, 1];
const train = { job: "trainStep", tolerance: 1e-3 };
/**
 * A bias in front of a normalization has gradients that nearly cancel, and Adam's first step is about their sign: so
 * rounding shows in the second loss, TensorFlow's most.
 */
const tutorial = { job: "trainStep", tolerance: 5e-3, options: { network: "tutorial" } };
const predict = { job: "predict", options: { network: "tutorial" }, tolerance: 1e-4 };

const prediction = (batch: number) => ({ ...weights.tutorial, x: { shape: [batch, ...images], low: 0, high: 1 } });

export const networks: readonly Row[] = [
  {
    ...tutorial,
    id: "tutorial-step",
    title: "Tutorial, training step, batch 128",
    arrays: { ...weights.tutorial, ...data(128, images) },
    contestants: ["evenkeel", "evenkeel-f6", ...python, "tfjs-wasm", "jax"],
    slow: ["jax"],
    targets: [share(0.8, "keras"), share(0.72, "keras", "evenkeel-f6"), share(0.65, "torch-last"), times(80, "jax")],
  },
  {
    ...tutorial,
    id: "tutorial-step-2-threads",
    title: "Tutorial, training step, batch 128, 2 threads",
    arrays: { ...weights.tutorial, ...data(128, images) },
    contestants: ["evenkeel-2t", "evenkeel", "evenkeel-f6-2t", "keras-2t", "torch-last-2t", "torch-first-2t"],
    targets: [
      times(1.8, "evenkeel", "evenkeel-2t"),
      share(0.8, "keras-2t", "evenkeel-2t"),
      share(0.55, "torch-last-2t", "evenkeel-2t"),
    ],
  },
  {
    ...tutorial,
    id: "tutorial-step-8",
    title: "Tutorial, training step, batch 8",
    arrays: { ...weights.tutorial, ...data(8, images) },
    contestants: ["evenkeel", "tfjs-cpu"],
    slow: "all",
    targets: [],
  },
  {
    ...train,
    id: "mlp-step",
    title: "784-64-BN-64-BN-10, training step, batch 128",
    options: { network: "mlp" },
    arrays: { ...weights.mlp, ...data(128, [784]) },
    contestants: ["evenkeel", ...pythonFlat, ...javascript],
    targets: [share(0.9, "torch-last")],
  },
  {
    ...predict,
    id: "predict-128",
    title: "Tutorial, prediction, batch 128",
    arrays: prediction(128),
    contestants: ["evenkeel", ...python, ...javascript, ...onnx],
    slow: ["tfjs-cpu", "jax"],
    targets: [times(3.5, "tfjs-wasm"), times(3.5, "ort-web")],
  },
  {
    ...predict,
    id: "predict-1",
    title: "Tutorial, prediction, batch 1",
    arrays: prediction(1),
    contestants: ["evenkeel", ...python, ...javascript, ...onnx],
    targets: [times(2.5, "tfjs-wasm"), times(2.5, "ort-web"), share(1, ["torch-last", "torch-first"])],
  },
  {
    ...predict,
    id: "start",
    title: "Process start to the end of a first prediction, batch 1",
    job: "start",
    arrays: prediction(1),
    contestants: ["evenkeel", "machine", ...javascript, ...onnx, ...pythonFlat],
    targets: [beyond(40, "machine")],
  },
];
