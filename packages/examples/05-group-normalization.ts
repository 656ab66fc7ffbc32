// Group normalization and batch normalization with two images a batch: what an image becomes must not depend on luck.
import * as ek from "evenkeel";

ek.setSeed(1);
const image = ek.randomNormal([1, 8, 8, 4]);
const norms = {
  "batch norm": ek.layers.batchNormalization(),
  "group norm, 2 groups": ek.layers.groupNormalization({ groups: 2 }),
  "group norm, 1 group (layer)": ek.layers.groupNormalization({ groups: 1 }),
  "group norm, 4 groups (instance)": ek.layers.groupNormalization({ groups: -1 }),
};

for (const [name, norm] of Object.entries(norms)) {
  // The same image beside 20 others, bright and dark, busy and plain.
  const pixels = Array.from({ length: 20 }, (_, i) =>
    ek.tidy(() => {
      const neighbour = ek.randomNormal([1, 8, 8, 4], i / 10, 1 + (i % 4));
      const y = norm.apply(ek.concat([image, neighbour], 0), { training: true });
      return y.dataSync()[0]!;
    }),
  );
  const [low, high] = [Math.min(...pixels), Math.max(...pixels)].map((value) => value.toFixed(3));
  console.log(`${name.padEnd(32)} its first pixel is between ${low} and ${high}`);
}

/* Prints:
batch norm                       its first pixel is between -0.949 and -0.021
group norm, 2 groups             its first pixel is between -0.321 and -0.321
group norm, 1 group (layer)      its first pixel is between -0.262 and -0.262
group norm, 4 groups (instance)  its first pixel is between -0.358 and -0.358
*/
