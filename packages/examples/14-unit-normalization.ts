// Unit normalization: vectors of length 1, whose product is the cosine of the angle between them.
import * as ek from "evenkeel";

const words = { cat: [4, 3, 0], kitten: [0.8, 0.7, 0], car: [0, 1, 20], truck: [1, 0, 30] };
const x = ek.tensor(Object.values(words));
const unit = ek.layers.unitNormalization().apply(x);
const table = (what: string, values: ek.Tensor) => {
  console.log(what.padEnd(8), ...Object.keys(words).map((word) => word.padStart(8)));
  const rows = ek.matMul(values, ek.transpose(values)).arraySync() as number[][];
  Object.keys(words).forEach((word, i) =>
    console.log(word.padEnd(8), ...rows[i]!.map((value) => value.toFixed(2).padStart(8))),
  );
};
table("products", x);
table("cosines", unit);

/* Prints:
products      cat   kitten      car    truck
cat         25.00     5.30     3.00     4.00
kitten       5.30     1.13     0.70     0.80
car          3.00     0.70   401.00   600.00
truck        4.00     0.80   600.00   901.00
cosines       cat   kitten      car    truck
cat          1.00     1.00     0.03     0.03
kitten       1.00     1.00     0.03     0.03
car          0.03     0.03     1.00     1.00
truck        0.03     0.03     1.00     1.00
*/
