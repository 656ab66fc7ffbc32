// One contestant in a process of its own: `node serve.mjs PEER OPTIONS`, OPTIONS in JSON. It reads requests and writes
// answers (answer.mjs), each a line of JSON; the first one it writes says its version. With a request as the third
// argument it answers that one and ends. serve.py does the same for the Python peers.
//
// Plain JavaScript, as all peers: their types are not there when the workspace is checked, and a process should not
// spend its start on stripping types.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { answerer, problem } from "./answer.mjs";

const [peer, json, only] = process.argv.slice(2);
const options = JSON.parse(json);
const loaders = {
  evenkeel: () => import("./evenkeel.mjs"),
  jax: () => import("./jax.mjs"),
  machine: () => import("./machine.mjs"),
  onnxruntime: () => import("./onnxruntime.mjs"),
  tfjs: () => import("./tfjs.mjs"),
};

/** Peers are installed in a folder of their own, outside of the workspace. */
const importPeer = (name) => import(pathToFileURL(createRequire(`${options.folder}/`).resolve(name)).href);

function readArray(_, { file, shape }) {
  return { shape, values: new Float32Array(new Uint8Array(readFileSync(file)).buffer) };
}

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

try {
  const { load } = await loaders[peer]();
  const { version, jobs } = await load({ ...options, importPeer });
  const answer = answerer(jobs, readArray);
  say({ version });
  for await (const line of only ? [only] : createInterface({ input: process.stdin })) {
    say(await answer(JSON.parse(line)));
  }
} catch (error) {
  say(problem(error));
}
process.exit();
