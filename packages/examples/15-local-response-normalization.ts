// Local response normalization: a strong channel keeps its neighbours down, and leaves those further away alone.
import * as ek from "evenkeel";

const norm = ek.layers.localResponseNormalization({ depthRadius: 1 });
const show = (x: number[]) => {
  const y = norm.apply([x]).dataSync();
  const text = (values: ArrayLike<number>) => Array.from(values, (value) => value.toFixed(2).padStart(7)).join("");
  console.log(`${text(x)}  becomes ${text(y)}`);
};
show([1, 1, 1, 1, 1, 1]);
show([1, 1, 9, 1, 1, 1]);
show([9, 9, 9, 1, 1, 1]);
show([0, 0, 100, 0, 0, 0]);

/* Prints:
   1.00   1.00   1.00   1.00   1.00   1.00  becomes    0.58   0.50   0.50   0.50   0.50   0.58
   1.00   1.00   9.00   1.00   1.00   1.00  becomes    0.58   0.11   0.98   0.11   0.50   0.58
   9.00   9.00   9.00   1.00   1.00   1.00  becomes    0.70   0.58   0.70   0.11   0.50   0.58
   0.00   0.00 100.00   0.00   0.00   0.00  becomes    0.00   0.00   1.00   0.00   0.00   0.00
*/
