// Learns to read handwritten digits. `npm start`, at the root of the repository, runs it.
import { mnist } from "@evenkeel/datasets";
import * as ek from "evenkeel";
import { drawDigits } from "./src/draw-digits.ts";
import { progressBar } from "./src/progress-bar.ts";
import { readOptions, untilCtrlC } from "./src/terminal.ts";

const { epochs, batchSize, seed, folder, file, ...options } = readOptions();
ek.setSeed(seed);

// Images are bytes from 0 to 255, [n, 28, 28]; labels are 0 to 9, [n].
const { train, test } = await mnist({ folder, seed });
const samples = Math.min(options.train, train.length);
const toImages = (bytes: Uint8Array) => ek.tidy(() => ek.div(ek.reshape(bytes, [-1, 28, 28, 1]), 255));
const xTrain = toImages(train.images.subarray(0, samples * 28 * 28));
const yTrain = ek.toCategorical(train.labels.subarray(0, samples), 10);
const xTest = toImages(test.images);
const yTest = ek.toCategorical(test.labels, 10);

const model = ek.sequential([
  ek.layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu", inputShape: [28, 28, 1] }),
  ek.layers.batchNormalization(),
  ek.layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
  ek.layers.batchNormalization(),
  ek.layers.maxPooling2d({ poolSize: 2 }),
  ek.layers.flatten(),
  ek.layers.dense({ units: 128, activation: "relu" }),
  ek.layers.batchNormalization(),
  ek.layers.dense({ units: 10, activation: "softmax" }),
]);
model.summary();
model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });

await untilCtrlC((signal) => {
  const callbacks = [progressBar()];
  return model.fit(xTrain, yTrain, { batchSize, epochs, validationData: [xTest, yTest], callbacks, signal });
});

const { loss, accuracy } = await model.evaluate(xTest, yTest);
console.log(`\nTest loss ${loss!.toFixed(4)}, test accuracy ${(100 * accuracy!).toFixed(2)} %\n`);

const someDigits = ek.slice(xTest, 0, 6);
const classes = ek.argMax(model.predict(someDigits)).dataSync();
drawDigits(test, classes);

await model.save(file);
const loaded = await ek.loadModel(file);
console.log(`\nSaved to ${file}; loaded back, it reads ${ek.argMax(loaded.predict(someDigits)).dataSync().join(" ")}`);
