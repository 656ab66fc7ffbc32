// A model whose running statistics lag is mended by one pass over data, then loses its normalization altogether.
import * as ek from "evenkeel";

ek.setSeed(1);
const model = ek.sequential([
  ek.layers.dense({ units: 16, inputShape: [4] }),
  ek.layers.batchNormalization({ zeroDebias: false }), // Keras's rule: from mean 0 and variance 1 on
  ek.layers.activation({ activation: "relu" }),
  ek.layers.dense({ units: 1 }),
]);
model.compile({ optimizer: ek.train.adam(0.01), loss: "meanSquaredError" });
const x = ek.randomNormal([512, 4], 0, 0.01);
const y = ek.mul(ek.sum(x, 1, true), 100);
await model.fit(x, y, { epochs: 10, batchSize: 32 });

const report = async (what: string, of = model) => {
  of.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const { loss } = await of.evaluate(x, y);
  console.log(`${what.padEnd(13)} ${of.layers.length} layers, loss ${loss!.toFixed(4)}`);
};
await report("trained");
await ek.stats.recalibrate(model, x);
await report("recalibrated");
await report("folded", ek.foldBatchNorm(model));

/* Prints:
trained       4 layers, loss 3.0534
recalibrated  4 layers, loss 0.0387
folded        3 layers, loss 0.0387
*/
