// One contestant in a process of its own: `node serve.mjs PEER OPTIONS`, OPTIONS in JSON. It reads requests and writes
// answers (answer.mjs), each a line of JSON; the first one it writes says its version. With a request as the third
// argument it answers that one and ends. serve.py does the same for the Python peers.
//
// Plain JavaScript, as all peers: their types are not there when the workspace is checked, and a process should not
// spend its start on stripping types. Nor on parts of Node that it does not need: importing node:fs loads its streams
// and promises too, and so does process.stdout.
import { answerer, problem } from "./answer.mjs";

const { closeSync, openSync, readSync, writeFileSync } = process.getBuiltinModule("node:fs");
const { createRequire } = process.getBuiltinModule("node:module");
const { pathToFileURL } = process.getBuiltinModule("node:url");

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
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
  const opened = openSync(file);
  readSync(opened, values);
  closeSync(opened);
  return { shape, values };
}

const say = (answer) => writeFileSync(1, `${JSON.stringify(answer)}\n`);

async function requests() {
  if (only) return [only];
  const { createInterface } = await import("node:readline");
  return createInterface({ input: process.stdin });
}

try {
  const { load } = await loaders[peer]();
  const { version, jobs } = await load({ ...options, importPeer });
  const answer = answerer(jobs, readArray);
  say({ version });
  for await (const line of await requests()) say(await answer(JSON.parse(line)));
} catch (error) {
  say(problem(error));
}
process.exit();
