// `node peers.mjs PEERS FOLDER`: TensorFlow.js (wasm) and jax-js, installed in the folder PEERS, normalize in float32
// what main.ts has put into FOLDER.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [peers, folder] = process.argv.slice(2);
const require = createRequire(`${peers}/`);
const importPeer = (name) => import(pathToFileURL(require.resolve(name)).href);

const { default: tf } = await importPeer("@tensorflow/tfjs");
await importPeer("@tensorflow/tfjs-backend-wasm");
await tf.setBackend("wasm");
await tf.ready();

function tfjsOutputs({ norm, shape, epsilon }, { x, dy, gamma, beta }) {
  const layer = {
    batch: () => tf.layers.batchNormalization({ epsilon, momentum: 0 }),
    layer: () => tf.layers.layerNormalization({ epsilon }),
  }[norm]?.();
  if (layer === undefined) return {};
  // Its gradient of rows this long was not there after five minutes.
  if (norm === "layer" && shape[1] > 100_000) return {};
  layer.build(shape);
  layer.setWeights([tf.tensor(gamma), tf.tensor(beta), ...layer.getWeights().slice(2)]);
  const f = (input) => layer.apply(input, { training: true });
  const { value, grads } = tf.valueAndGrads(f)([tf.tensor(x, shape)], tf.tensor(dy, shape));
  const outputs = { y: value.dataSync(), dx: grads[0].dataSync() };
  // With momentum 0 the moving variance is the batch's.
  return norm === "batch" ? { ...outputs, variance: layer.getWeights()[3].dataSync() } : outputs;
}

const jax = await importPeer("@jax-js/jax");
await jax.init("wasm");
jax.defaultDevice("wasm");

/** By its `nn.standardize`, which tells no variance. */
function jaxOutputs({ norm, shape, epsilon, groups }, { x, dy, gamma, beta }) {
  if (norm === "rms") return {};
  const { numpy: np, nn } = jax;
  const [samples, places, channels] = shape;
  const split = norm === "group" ? [samples, places, groups, channels / groups] : shape;
  const axis = { batch: 0, layer: 1, group: [1, 3], instance: 1 }[norm];
  const f = (x) =>
    nn.standardize(x.reshape(split), axis, { epsilon }).reshape(shape).mul(np.array(gamma)).add(np.array(beta));
  const [y, pullback] = jax.vjp(f, [np.array(x, { shape })]);
  const [dx] = pullback(np.array(dy, { shape }));
  return { y: y.dataSync(), dx: dx.dataSync() };
}

const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
for (const [i, one] of cases.entries()) {
  const read = (name) => new Float32Array(new Uint8Array(readFileSync(join(folder, `${i}.${name}`))).buffer);
  const arrays = Object.fromEntries(["x", "dy", "gamma", "beta"].map((name) => [name, read(name)]));
  for (const [peer, compute] of Object.entries({ tfjs: tfjsOutputs, jax: jaxOutputs })) {
    for (const [name, values] of Object.entries(compute(one, arrays))) {
      writeFileSync(join(folder, `${i}.${peer}.${name}`), values);
    }
  }
}
const jaxVersion = JSON.parse(readFileSync(join(peers, "package.json"), "utf8")).dependencies["@jax-js/jax"];
console.log(JSON.stringify({ tfjs: `TensorFlow.js ${tf.version.tfjs}, wasm`, jax: `jax-js ${jaxVersion}, wasm` }));
process.exit();
