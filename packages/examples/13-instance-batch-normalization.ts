// Instance-batch normalization: half of the channels forget how bright a picture is, the others know.
import * as ek from "evenkeel";

ek.setSeed(1);
const norm = ek.layers.instanceBatchNormalization();
const dark = ek.randomNormal([1, 8, 8, 4], 1, 1);
const bright = ek.randomNormal([1, 8, 8, 4], 5, 1);
const y = norm.apply(ek.concat([dark, bright], 0), { training: true });

const means = ek.mean(y, [1, 2]).arraySync() as number[][];
for (const [i, name] of ["dark", "bright"].entries()) {
  const rounded = means[i]!.map((value) => (Math.round(value * 100) / 100 + 0).toFixed(2).padStart(6));
  console.log(`${name.padEnd(6)} means of 4 channels`, ...rounded);
}

/* Prints:
dark   means of 4 channels   0.00   0.00  -0.91  -0.89
bright means of 4 channels   0.00   0.00   0.91   0.89
*/
