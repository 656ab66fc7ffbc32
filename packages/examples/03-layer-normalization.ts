// Layer normalization: each sample by itself, so that neither its size nor its batch matters.
import * as ek from "evenkeel";

ek.setSeed(1);
const sentence = ek.randomNormal([1, 8]);
const louder = ek.add(ek.mul(sentence, 100), 7);
const batch = ek.concat([sentence, louder], 0);
const show = (what: string, y: ek.Tensor) =>
  console.log(what.padEnd(16), ...Array.from(y.dataSync(), (value) => value.toFixed(3).padStart(7)));

const layer = ek.layers.layerNormalization({ epsilon: 1e-6 });
const y = layer.apply(batch);
show("a sample", ek.slice(y, 0, 1));
show("100 x + 7", ek.slice(y, 1, 1));
show("without others", layer.apply(sentence));

// Batch normalization looks down the other axis: two samples become -1 and 1 in each feature.
const other = ek.layers.batchNormalization({ epsilon: 1e-6 });
show("batch norm", ek.slice(other.apply(batch, { training: true }), 0, 1));

/* Prints:
a sample           0.745   0.770  -1.656  -0.409  -0.727   0.652   1.494  -0.869
100 x + 7          0.745   0.770  -1.656  -0.409  -0.727   0.652   1.494  -0.869
without others     0.745   0.770  -1.656  -0.409  -0.727   0.652   1.494  -0.869
batch norm         1.000   1.000   1.000   1.000   1.000   1.000  -1.000   1.000
*/
