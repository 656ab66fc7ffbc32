// A contestant in a worker: the first message says which, the others are requests (peers/answer.mjs). The arrays come
// as their specifications, and are made here.
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import { valuesOf } from "../arrays.ts";
import { answerer, problem } from "../peers/answer.mjs";

const loaders = {
  evenkeel: () => import("../peers/evenkeel.mjs"),
  tfjs: () => import("../peers/tfjs.mjs"),
};
const packages = {
  "@tensorflow/tfjs": () => import("@tensorflow/tfjs"),
  "@tensorflow/tfjs-backend-wasm": () => import("@tensorflow/tfjs-backend-wasm"),
};
const wasmPaths = {
  "tfjs-backend-wasm.wasm": plain,
  "tfjs-backend-wasm-simd.wasm": simd,
  "tfjs-backend-wasm-threaded-simd.wasm": threaded,
};

let answer;
async function receive(data) {
  if (answer) return answer(data);
  try {
    const library = await loaders[data.load]();
    const importPeer = (name) => packages[name]();
    const { version, jobs } = await library.load({ ...data.options, wasmPaths, importPeer });
    answer = answerer(jobs, (name, spec) => ({ shape: spec.shape, values: valuesOf(name, spec) }));
    return { version };
  } catch (error) {
    return problem(error);
  }
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's has no origin
addEventListener("message", ({ data }) => void receive(data).then((reply) => postMessage(reply)));
