// Batch normalization: three features of very different sizes come out alike; inference uses the running statistics.
import * as ek from "evenkeel";

ek.setSeed(1);
const sizes = [0.01, 1, 1000];
const takeBatch = () => ek.mul(ek.randomNormal([64, 3], 5, 1), sizes);
const show = (what: string, values: ArrayLike<number>) =>
  console.log(what.padEnd(28), ...Array.from(values, (value) => String(Number(value.toPrecision(3))).padStart(9)));

const norm = ek.layers.batchNormalization({ epsilon: 1e-9 });
for (const step of [1, 2, 3, 100]) {
  while (!(norm.built && norm.runningStats.batches >= step)) norm.apply(takeBatch(), { training: true });
  show(`running mean, ${step} batches`, norm.runningStats.mean);
}
show("running variance", norm.runningStats.variance);

const x = takeBatch();
const training = ek.moments(norm.apply(x, { training: true }), 0);
show("a batch, training: mean", training.mean.dataSync());
show("a batch, training: variance", training.variance.dataSync());
// In inference a sample does not depend on the others.
show("one sample alone", norm.apply(ek.slice(x, 0, 1)).dataSync());
show("the same among others", ek.slice(norm.apply(x), 0, 1).dataSync());

/* Prints:
running mean, 1 batches         0.0497      5.05      4870
running mean, 2 batches         0.0496      4.99      4960
running mean, 3 batches         0.0499      5.05      4990
running mean, 100 batches       0.0498         5      5000
running variance             0.0000979      1.01    954000
a batch, training: mean        4.42e-9   7.45e-9 -6.98e-10
a batch, training: variance          1         1         1
one sample alone                -0.645    -0.885     0.628
the same among others           -0.645    -0.885     0.628
*/
