// Batch renormalization: with four samples a batch, training normalizes as inference will, and not by chance.
import * as ek from "evenkeel";

ek.setSeed(1);
const norms = {
  "batch norm": ek.layers.batchNormalization(),
  "batch renorm": ek.layers.batchNormalization({ renorm: true, renormClipping: { rmax: 3, dmax: 5 } }),
};

// One value, 7, among three others, in batches of numbers around 5 with a deviation of 2: it should become 1.
for (const [name, norm] of Object.entries(norms)) {
  const results: number[] = [];
  for (let step = 0; step < 500; step++) {
    ek.tidy(() => {
      const batch = ek.concat([[[7]], ek.randomNormal([3, 1], 5, 2)], 0);
      results.push(norm.apply(batch, { training: true }).dataSync()[0]!);
    });
  }
  const last = results.slice(-100);
  const [low, high] = [Math.min(...last), Math.max(...last)].map((value) => value.toFixed(2));
  const inference = norm.apply([[7]]).dataSync()[0]!;
  console.log(`${name.padEnd(14)} training: ${low} to ${high}, inference: ${inference.toFixed(2)}`);
}

/* Prints:
batch norm     training: -0.39 to 1.73, inference: 0.88
batch renorm   training: 0.87 to 0.97, inference: 0.97
*/
