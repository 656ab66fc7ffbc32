// Trains the tutorial's network from several seeds, five epochs each, and prints the accuracy on the test images, as
// trained, and after the statistics were recalibrated on the training images: `node
// packages/bench/src/tutorial-accuracy.ts [SEED...]`, with the official test files in the folder EVENKEEL_DATA.
import { mnist } from "@evenkeel/datasets";
import * as ek from "evenkeel";
import { tutorial } from "./tutorial.ts";

const seeds = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 2, 3, 4, 5];
const trained: number[] = [];
const recalibrated: number[] = [];
for (const seed of seeds) {
  ek.setSeed(seed);
  const { train, test } = await mnist({ seed });
  const [x, xTest] = [train, test].map(({ images }) => ek.tidy(() => ek.div(ek.reshape(images, [-1, 28, 28, 1]), 255)));
  const [y, yTest] = [train, test].map(({ labels }) => ek.toCategorical(labels, 10));
  const model = tutorial();
  const start = performance.now();
  await model.fit(x!, y!, { batchSize: 128, epochs: 5 });
  const seconds = (performance.now() - start) / 1000;
  trained.push(await percent(model, xTest!, yTest!));
  await ek.stats.recalibrate(model, x!);
  recalibrated.push(await percent(model, xTest!, yTest!));
  const [before, after] = [trained, recalibrated].map((all) => all.at(-1)!.toFixed(2));
  console.log(`seed ${seed}: ${before} %, recalibrated ${after} %, after ${seconds.toFixed(0)} s of training`);
  ek.dispose([x, y, xTest, yTest]);
  model.dispose();
}
summarize("trained", trained);
summarize("recalibrated", recalibrated);

async function percent(model: ek.Sequential, x: ek.Tensor, y: ek.Tensor): Promise<number> {
  const { accuracy } = await model.evaluate(x, y, { batchSize: 128 });
  return 100 * accuracy!;
}

function summarize(name: string, accuracies: readonly number[]): void {
  const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
  console.log(`${name}: mean ${mean.toFixed(2)} %, least ${Math.min(...accuracies).toFixed(2)} %`);
}
