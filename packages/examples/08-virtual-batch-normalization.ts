// Virtual batch normalization: a sample is normalized by a fixed batch and itself, whoever else is in its batch.
import * as ek from "evenkeel";

ek.setSeed(1);
const reference = ek.randomNormal([64, 2], 10, 3);
const virtual = ek.layers.virtualBatchNormalization({ referenceBatch: reference });
const batch = ek.layers.batchNormalization();
const sample = ek.tensor([[13, 7]]);
const show = (what: string, y: ek.Tensor) =>
  console.log(what.padEnd(39), ...Array.from(ek.slice(y, 0, 1).dataSync(), (value) => value.toFixed(3).padStart(7)));

for (const [what, others] of Object.entries({
  "like the reference": ek.randomNormal([7, 2], 10, 3),
  "much larger": ek.randomNormal([7, 2], 1000, 3),
  "all alike": ek.fill([7, 2], 13),
})) {
  const x = ek.concat([sample, others], 0);
  show(`virtual, neighbours ${what}`, virtual.apply(x, { training: true }));
  show(`batch,   neighbours ${what}`, batch.apply(x, { training: true }));
}

/* Prints:
virtual, neighbours like the reference    1.063  -0.886
batch,   neighbours like the reference    0.675  -0.798
virtual, neighbours much larger           1.063  -0.886
batch,   neighbours much larger          -2.646  -2.646
virtual, neighbours all alike             1.063  -0.886
batch,   neighbours all alike             0.000  -2.645
*/
