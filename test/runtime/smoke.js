import { hashOf } from "./train.js";

/**
 * Trains a small network with batch normalization, the same on every host: plain JavaScript, so that any of
 * them can load it. Everything is drawn from one seed, so everything has the same bits everywhere.
 *
 * @param {typeof import("evenkeel")} ek
 * @returns {Promise<{ hash: string, first: number, loss: number, tensors: number }>} the hash of all weights, moving
 * statistics, predictions and losses; the first and the last loss; the tensors left behind.
 */
export async function smoke(ek) {
  const before = ek.memory().numTensors;
  ek.setSeed(20);
  const samples = 96;
  const x = ek.randomNormal([samples, 8, 8, 2]);
  const teacher = ek.randomNormal([128, 3]);
  const y = ek.tidy(() => ek.oneHot(ek.argMax(ek.matMul(ek.reshape(x, [samples, 128]), teacher)), 3));
  teacher.dispose();

  const model = ek.sequential([
    ek.layers.conv2d({ filters: 5, kernelSize: 3, activation: "relu", inputShape: [8, 8, 2] }),
    ek.layers.batchNormalization(),
    ek.layers.maxPooling2d({ poolSize: 2 }),
    ek.layers.flatten(),
    ek.layers.dense({ units: 7, activation: "tanh" }),
    ek.layers.batchNormalization({ momentum: 0.9 }),
    ek.layers.dropout({ rate: 0.1 }),
    ek.layers.dense({ units: 3, activation: "softmax" }),
  ]);
  model.compile({ optimizer: ek.train.adam(0.01), loss: "categoricalCrossentropy", metrics: ["accuracy"] });

  const batchSize = 32;
  const losses = new Float64Array(50);
  for (let step = 0; step < losses.length; step++) {
    const start = (step * batchSize) % samples;
    const [images, labels] = [ek.slice(x, start, batchSize), ek.slice(y, start, batchSize)];
    losses[step] = model.trainOnBatch(images, labels)["loss"] ?? NaN;
    ek.dispose([images, labels]);
  }

  // The file holds all there is: what it loads to must predict the same.
  const saved = await model.save();
  const loaded = await ek.loadModel(saved);
  const results = [...model.getWeights(), model.predict(x), loaded.predict(x)];
  const values = results.map((tensor) => tensor.dataSync());
  const [predicted, predictedByLoaded] = values.slice(-2).map((each) => hashOf([each]));
  if (predicted !== predictedByLoaded) throw new Error("the loaded model predicts something else");
  const [first = NaN, loss = NaN] = [losses.at(0), losses.at(-1)];
  const hash = hashOf([losses, ...values]);

  ek.dispose([x, y, ...results]);
  for (const each of [model, loaded]) {
    each.optimizer?.dispose();
    each.dispose();
  }
  return { hash, first, loss, tensors: ek.memory().numTensors - before };
}
