// Adaptive instance normalization: the content of one picture, with the contrast and colours of another.
import * as ek from "evenkeel";

ek.setSeed(1);
const content = ek.randomNormal([1, 16, 16, 3], 0, 1);
const style = ek.add(ek.mul(ek.randomUniform([1, 8, 8, 3]), [10, 1, 0.1]), [100, 50, 0]);
const y = ek.layers.adaptiveInstanceNormalization().apply(content, { condition: style });

const show = (what: string, x: ek.Tensor) => {
  const { mean, variance } = ek.moments(x, [1, 2]);
  const text = (values: ArrayLike<number>) => Array.from(values, (value) => value.toFixed(2).padStart(7)).join("");
  console.log(`${what.padEnd(8)} mean ${text(mean.dataSync())}   deviation ${text(ek.sqrt(variance).dataSync())}`);
};
show("content", content);
show("style", style);
show("result", y);

// What was above its mean still is.
const signs = (x: ek.Tensor) => ek.sign(ek.sub(x, ek.mean(x, [1, 2], true)));
const same = ek.mean(ek.equal(signs(content), signs(y))).dataSync()[0]!;
console.log(`places on the same side of their mean: ${(100 * same).toFixed(0)} %`);

/* Prints:
content  mean   -0.04  -0.02  -0.00   deviation    1.02   0.96   0.99
style    mean  105.40  50.50   0.05   deviation    2.59   0.30   0.03
result   mean  105.40  50.50   0.05   deviation    2.61   0.30   0.03
places on the same side of their mean: 100 %
*/
