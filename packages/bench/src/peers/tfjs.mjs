// TensorFlow.js, on its backend "cpu" (plain JavaScript) or "wasm".
import { Cannot } from "./job.mjs";
import { kerasLikeJobs } from "./keras-like.mjs";

export async function load({ backend, importPeer, wasmPaths }) {
  const namespace = await importPeer("@tensorflow/tfjs");
  const tf = namespace.default ?? namespace;
  if (backend === "wasm") {
    const wasm = await importPeer("@tensorflow/tfjs-backend-wasm");
    if (wasmPaths) wasm.setWasmPaths(wasmPaths);
    // One thread, as all.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  }
  await tf.setBackend(backend);
  await tf.ready();
  return { version: tf.version.tfjs, jobs: jobs(tf, backend) };
}

const jobs = (tf, backend) => {
  const common = kerasLikeJobs({
    ...tf,
    layers: { ...tf.layers, groupNormalization: undefined },
    softmaxCrossEntropy: (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
    train: { adam: (rate) => tf.train.adam(rate, 0.9, 0.999, 1e-7) },
  });
  /** Backend "wasm" lacks Conv2DBackpropFilter; asked for it, it throws in the middle of a step. */
  const withFilterGradient = (job, needed) => (arrays, options) => {
    if (backend === "wasm" && needed(options)) throw new Cannot("has no gradient for a filter");
    return job(arrays, options);
  };
  return {
    ...common,
    trainStep: withFilterGradient(common.trainStep, ({ network }) => network === "tutorial"),
    convGradients: withFilterGradient(common.convGradients, () => true),
  };
};
