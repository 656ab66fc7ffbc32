// Diagnosis: what is wrong with the normalization of a model that trained without an error, and what to do.
import * as ek from "evenkeel";

ek.setSeed(1);
const model = ek.sequential([
  ek.layers.dense({ units: 8, inputShape: [4] }),
  ek.layers.dropout({ rate: 0.5 }), // whose noise is in the running variance
  ek.layers.batchNormalization({ zeroDebias: false }), // Keras's rule: statistics that lag
  ek.layers.activation({ activation: "relu" }),
  ek.layers.dense({ units: 1 }),
]);
model.compile({ optimizer: "adam", loss: "meanSquaredError" });
const x = ek.randomNormal([512, 4], 20, 0.1);
const y = ek.sum(x, 1, true);
await model.fit(x, y, { epochs: 3 });

const { findings } = await ek.diagnose(model, x, { y, print: false });
for (const { severity, problem, layer } of findings) console.log(`${severity}: ${problem} in ${layer}`);

await ek.stats.recalibrate(model, x);
const after = await ek.diagnose(model, x, { y, print: false });
console.log("\nrecalibrated:");
for (const { severity, problem, layer } of after.findings) console.log(`${severity}: ${problem} in ${layer}`);

/* Prints:
error: statistics-gap in batch_normalization
warning: exploding-gradient in dense
warning: dropout-before-norm in batch_normalization

recalibrated:
warning: exploding-gradient in dense
warning: dropout-before-norm in batch_normalization
*/
