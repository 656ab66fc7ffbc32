// Domains: a model of the day works at night with the statistics of the night, by the same weights.
import * as ek from "evenkeel";

ek.setSeed(1);
const model = ek.sequential([
  ek.layers.dense({ units: 16, inputShape: [2] }),
  ek.layers.batchNormalization(),
  ek.layers.activation({ activation: "relu" }),
  ek.layers.dense({ units: 1, activation: "sigmoid" }),
]);
model.compile({ optimizer: ek.train.adam(0.01), loss: "binaryCrossentropy", metrics: ["accuracy"] });

const day = ek.randomNormal([500, 2]);
const y = ek.cast(ek.greater(ek.sum(ek.square(day), 1, true), 1.4), "float32");
await model.fit(day, y, { epochs: 20 });
// The same scenes, ten times as dark, and with an offset of the camera.
const night = ek.add(ek.mul(day, 0.1), 2);

const report = async (what: string, x: ek.Tensor) =>
  console.log(what.padEnd(30), `${(100 * (await model.evaluate(x, y))["accuracy"]!).toFixed(0)} %`);
await report("day", day);
await report("night, statistics of the day", night);
await ek.stats.adaptDomain(model, night, { domain: "night" });
await report("night, its own statistics", night);
ek.stats.useDomain(model, "default");
await report("day again", day);

/* Prints:
day                            97 %
night, statistics of the day   47 %
night, its own statistics      90 %
day again                      97 %
*/
