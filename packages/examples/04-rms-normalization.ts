// RMS normalization: as layer normalization without subtracting the mean. Sizes go, directions stay.
import * as ek from "evenkeel";

const rms = ek.layers.rmsNormalization();
const layer = ek.layers.layerNormalization({ epsilon: 1e-6 });
const show = (what: string, x: number[]) => {
  const both = [rms, layer].map((norm) => norm.apply([x]).dataSync());
  const [first, second] = both.map((y) => Array.from(y, (value) => value.toFixed(3).padStart(6)).join(" "));
  console.log(`${what.padEnd(12)} RMS ${first}   layer ${second}`);
};

show("x", [1, 2, 3, 4]);
show("1000 x", [1000, 2000, 3000, 4000]);
show("x + 10", [11, 12, 13, 14]);
show("-x", [-1, -2, -3, -4]);
show("alike", [5, 5, 5, 5]);

// The root of the mean square of what comes out is 1.
const y = ek.layers.rmsNormalization().apply(ek.randomNormal([1, 1000], 3, 2));
console.log(
  "root mean square:",
  ek
    .sqrt(ek.mean(ek.square(y)))
    .dataSync()[0]!
    .toFixed(4),
);

/* Prints:
x            RMS  0.365  0.730  1.095  1.461   layer -1.342 -0.447  0.447  1.342
1000 x       RMS  0.365  0.730  1.095  1.461   layer -1.342 -0.447  0.447  1.342
x + 10       RMS  0.877  0.956  1.036  1.116   layer -1.342 -0.447  0.447  1.342
-x           RMS -0.365 -0.730 -1.095 -1.461   layer  1.342  0.447 -0.447 -1.342
alike        RMS  1.000  1.000  1.000  1.000   layer  0.000  0.000  0.000  0.000
root mean square: 1.0000
*/
