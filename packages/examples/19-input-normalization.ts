// Input normalization: features with units, outliers and orders of magnitude, each by the method that suits it.
import * as ek from "evenkeel";

ek.setSeed(1);
// Heights in cm, one of them mistyped.
const heights = Array.from(ek.randomNormal([200, 1], 170, 10).dataSync(), (value) => [value]);
heights[0] = [17_200];
const show = (what: string, y: ek.Tensor) =>
  console.log(what.padEnd(22), ...Array.from(y.dataSync(), (value) => value.toFixed(3).padStart(8)));

for (const method of ["standard", "minMax", "robust"]) {
  const layer = ek.layers.normalization({ method });
  await layer.adapt(heights);
  show(`160, 170, 180: ${method}`, layer.apply([[160], [170], [180]]));
}
const log = ek.layers.normalization({ method: "log" });
await log.adapt([[1], [10], [100], [1000], [10_000]]);
const y = log.apply([[1], [10], [100], [1000], [10_000]]);
show("1, 10, ... 10000: log", y);
show("and back", log.inverse(y));

/* Prints:
160, 170, 180: standard   -0.079   -0.071   -0.062
160, 170, 180: minMax     0.001    0.002    0.003
160, 170, 180: robust    -0.740   -0.029    0.681
1, 10, ... 10000: log    -1.334   -0.776   -0.049    0.702    1.457
and back                  1.000   10.000  100.000 1000.000 10000.003
*/
