// Trains the tutorial's network from several seeds, five epochs each, and prints the accuracy on the test images:
// `node packages/bench/src/tutorial-accuracy.ts [SEED...]`, with the official test files in the folder EVENKEEL_DATA.
import { mnist } from "@evenkeel/datasets";
import * as ek from "evenkeel";
import { tutorial } from "./tutorial.ts";

const seeds = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 2, 3, 4, 5];
const accuracies: number[] = [];
for (const seed of seeds) {
  ek.setSeed(seed);
  const { train, test } = await mnist({ seed });
  const [x, xTest] = [train, test].map(({ images }) => ek.tidy(() => ek.div(ek.reshape(images, [-1, 28, 28, 1]), 255)));
  const [y, yTest] = [train, test].map(({ labels }) => ek.toCategorical(labels, 10));
  const model = tutorial();
  const start = performance.now();
  await model.fit(x!, y!, { batchSize: 128, epochs: 5 });
  const seconds = (performance.now() - start) / 1000;
  const { accuracy } = await model.evaluate(xTest!, yTest!, { batchSize: 128 });
  accuracies.push(100 * accuracy!);
  console.log(`seed ${seed}: ${(100 * accuracy!).toFixed(2)} % after ${seconds.toFixed(0)} s of training`);
  ek.dispose([x, y, xTest, yTest]);
  model.dispose();
}
const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
console.log(`mean ${mean.toFixed(2)} %, least ${Math.min(...accuracies).toFixed(2)} %`);
