// Weight normalization: the length of a weight vector, g, is learned apart from its direction, v.
import * as ek from "evenkeel";

ek.setSeed(1);
const layer = ek.layers.dense({ units: 2, kernelNormalization: { type: "weight", dataDependentInit: true } });
const x = ek.randomNormal([256, 8], 4, 3);
const show = (what: string, y: ek.Tensor) => {
  const { mean, variance } = ek.moments(y, 0);
  const round = (value: number) => (Math.round(value * 100) / 100 + 0).toFixed(2).padStart(7);
  const text = (values: ArrayLike<number>) => Array.from(values, round).join("");
  console.log(`${what.padEnd(24)} mean ${text(mean.dataSync())}   variance ${text(variance.dataSync())}`);
};
layer.build(x.shape);
show("before the first batch", layer.apply(x));
// The first batch in training sets g and the bias; nothing depends on a batch after that.
show("the first batch", layer.apply(x, { training: true }));
show("inference, other data", layer.apply(ek.randomNormal([256, 8], 4, 3)));

// Ten times as long a v is the same layer.
const [v, ...others] = layer.getWeights();
layer.setWeights([ek.mul(v!, 10), ...others]);
show("v ten times as long", layer.apply(x));

/* Prints:
before the first batch   mean    0.55  -6.08   variance   20.89  15.20
the first batch          mean    0.00   0.00   variance    1.00   1.00
inference, other data    mean    0.01  -0.03   variance    1.12   1.07
v ten times as long      mean    0.00   0.00   variance    1.00   1.00
*/
