// Instance normalization: pictures of the same thing in bright and in dim light become the same picture.
import * as ek from "evenkeel";

const scene = [
  [0, 0, 9, 0],
  [0, 9, 9, 0],
  [0, 0, 9, 0],
  [0, 9, 9, 9],
];
const image = ek.reshape(ek.tensor(scene), [1, 4, 4, 1]);
const lights = { noon: image, evening: ek.mul(image, 0.1), fog: ek.add(ek.mul(image, 0.3), 5) };
const norm = ek.layers.instanceNormalization({ epsilon: 1e-9 });

for (const [name, x] of Object.entries(lights)) {
  const [before, after] = [x, norm.apply(x)].map((one) => one.dataSync().slice(8, 12));
  const text = (values: ArrayLike<number>) => Array.from(values, (value) => value.toFixed(2).padStart(6)).join("");
  console.log(`${name.padEnd(8)} third row ${text(before!)}   normalized ${text(after!)}`);
}

/* Prints:
noon     third row   0.00  0.00  9.00  0.00   normalized  -0.88 -0.88  1.13 -0.88
evening  third row   0.00  0.00  0.90  0.00   normalized  -0.88 -0.88  1.13 -0.88
fog      third row   5.00  5.00  7.70  5.00   normalized  -0.88 -0.88  1.13 -0.88
*/
