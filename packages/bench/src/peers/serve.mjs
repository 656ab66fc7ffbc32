// One contestant in a process of its own: `node serve.mjs PEER OPTIONS`, OPTIONS in JSON. It speaks lines of JSON; the
// first one it writes says its version. serve.py does the same for the Python peers.
//
//   { prepare: { job, options, arrays } }  ->  { outputs }, samples of what the job computed, once done
//   { time: ms }                           ->  { times }, ms of each run, for about so long and at least one
//
// or { cannot: reason } for what the peer does not have, or { error }. With a request as the third argument it answers
// that one and ends. Plain JavaScript, as all peers: their types are not there when the workspace is checked, and a
// process should not spend its start on stripping types.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { Cannot } from "./job.mjs";

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

function readArray({ file, shape }) {
  return { shape, values: new Float32Array(new Uint8Array(readFileSync(file)).buffer) };
}

/** At most 257 of the values, evenly spaced; the distance is odd, so that all channels are seen. */
function sample(values) {
  const distance = Math.floor(values.length / 256) | 1;
  return Array.from(values).filter((_, i) => i % distance === 0);
}

async function prepare({ job, options, arrays }, jobs) {
  if (!jobs[job]) throw new Cannot("has no such operation");
  const read = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, readArray(array)]));
  const prepared = await jobs[job](read, options);
  const outputs = Object.entries(await prepared.outputs()).map(([name, values]) => [name, sample(values)]);
  return { run: prepared.run, outputs: Object.fromEntries(outputs) };
}

/** A run may say itself what it took, when only a part of it counts. */
async function time(run, limit) {
  const times = [];
  for (const end = performance.now() + limit; times.length === 0 || performance.now() < end;) {
    const start = performance.now();
    const result = run();
    const own = result instanceof Promise ? await result : result;
    times.push(own ?? performance.now() - start);
  }
  return times;
}

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const problem = (error) => (error instanceof Cannot ? { cannot: error.message } : { error: String(error) });

let run;
async function reply(request, jobs) {
  if ("time" in request) return { times: await time(run, request.time) };
  const prepared = await prepare(request.prepare, jobs);
  run = prepared.run;
  return { outputs: prepared.outputs };
}

async function serve() {
  const { load } = await loaders[peer]();
  const { version, jobs } = await load({ ...options, importPeer });
  answer({ version });
  for await (const line of only ? [only] : createInterface({ input: process.stdin })) {
    answer(await reply(JSON.parse(line), jobs).catch(problem));
  }
}

await serve().catch((error) => answer(problem(error)));
process.exit();
