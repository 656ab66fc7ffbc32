import * as ek from "evenkeel";
import { expect, it } from "vitest";

const values = (tensor: ek.Tensor): number[] => [...tensor.dataSync()];
const batch = (seed: number, shape: readonly number[] = [8, 3]): ek.Tensor =>
  ek.randomNormal([...shape], 1, 2, "float32", seed);

function network(): ek.Sequential {
  ek.setSeed(3);
  const model = ek.sequential([
    ek.layers.dense({ units: 4, activation: "tanh", inputShape: [3] }),
    ek.layers.virtualBatchNormalization(),
    ek.layers.dense({ units: 2 }),
    ek.layers.virtualBatchNormalization(),
  ]);
  model.compile({ optimizer: ek.train.sgd(0.1), loss: "meanSquaredError" });
  return model;
}

/** `fresh` with γ and β of `layer`. */
function alike(layer: ek.Layer, fresh: ek.BatchNormalization): ek.BatchNormalization {
  const [gamma, beta] = layer.getWeights() as [ek.Tensor, ek.Tensor];
  fresh.build([null, gamma.size]);
  fresh.setWeights([gamma, beta, ...fresh.getWeights().slice(2)]);
  return fresh;
}

/** The model's result for x, with reference statistics that are computed anew by layers of their own. */
function byHand(model: ek.Sequential, reference: ek.Tensor, x: ek.Tensor): ek.Tensor {
  let [r, y] = [reference, x];
  for (const layer of model.layers) {
    if (layer.className === "Dense") {
      [r, y] = [layer.apply(r), layer.apply(y)];
    } else {
      y = alike(layer, ek.layers.batchNormalization({ referenceBatch: r })).apply(y);
      r = alike(layer, ek.layers.batchNormalization()).apply(r, { training: true });
    }
  }
  return y;
}

it("passes the first batch through the weights as they are now, in each step", () => {
  const model = network();
  const first = batch(1);
  model.trainOnBatch(first, batch(2, [8, 2]));
  model.trainOnBatch(batch(3), batch(4, [8, 2]));
  const x = batch(5);
  const wanted = values(byHand(model, first, x));
  values(model.apply(x, { training: true })).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5));
  // Inference takes the statistics of the last step.
  values(model.predict(x)).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5));
});

it("has gradients through the reference batch", () => {
  const model = network();
  model.trainOnBatch(batch(1), batch(2, [8, 2]));
  const [x, g] = [batch(5), batch(6, [8, 2])];
  const loss = (): ek.Tensor => ek.sum(ek.mul(model.apply(x, { training: true }), g));
  const [kernel] = model.trainableWeights as [ek.Variable];
  const { grads } = ek.variableGrads(loss, [kernel]);
  const start = ek.mul(kernel, 1);
  const step = batch(7, kernel.shape);
  const at = (size: number): number => {
    kernel.assign(ek.add(start, ek.mul(step, size)));
    return values(loss())[0]!;
  };
  const slope = (at(1e-3) - at(-1e-3)) / 2e-3;
  const found = values(ek.sum(ek.mul(grads[kernel.name]!, step)))[0]!;
  expect(Math.abs(found - slope)).toBeLessThan(5e-3 * Math.max(1, Math.abs(slope)));
});

it("goes on from a file with the same bits", async () => {
  const model = network();
  model.trainOnBatch(batch(1), batch(2, [8, 2]));
  const copy = await ek.loadModel(await model.save());
  for (const one of [model, copy]) one.trainOnBatch(batch(3), batch(4, [8, 2]));
  expect(copy.weights.map(values)).toEqual(model.weights.map(values));
});

it("forgets a first batch whose step failed, and leaves no tensor behind", () => {
  const model = network();
  let fail = true;
  const loss = (y: ek.TensorLike, prediction: ek.TensorLike): ek.Tensor => {
    if (fail) throw new Error("not yet");
    return ek.losses.meanSquaredError(y, prediction);
  };
  model.compile({ optimizer: ek.train.sgd(0.1), loss });
  expect(() => model.trainOnBatch(batch(1), batch(2, [8, 2]))).toThrow("not yet");
  fail = false;
  model.trainOnBatch(batch(3), batch(4, [8, 2]));
  const wanted = values(byHand(model, batch(3), batch(5)));
  values(model.apply(batch(5), { training: true })).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5));
  const [x, y] = [batch(5), batch(6, [8, 2])];
  const { numTensors } = ek.memory();
  model.trainOnBatch(x, y);
  expect(ek.memory().numTensors).toBe(numTensors);
  model.dispose();
  expect(ek.memory().numTensors).toBe(numTensors - model.weights.length - 1);
});
