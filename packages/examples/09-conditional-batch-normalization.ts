// Conditional batch normalization: γ and β of each class, learned from data in which classes differ in size and place.
import * as ek from "evenkeel";

ek.setSeed(1);
const norm = ek.layers.conditionalBatchNormalization({ condition: { classes: 3 } });
const optimizer = ek.train.adam(0.05);
const classes = Int32Array.from({ length: 96 }, (_, i) => i % 3);
const condition = ek.tensor(classes, [96], "int32");
// What comes in is the same for all classes; what is wanted is 2x + 1, -x and x/2 + 3.
const [slopes, offsets] = [
  [2, -1, 0.5],
  [1, 0, 3],
];

let loss = 0;
for (let step = 0; step < 300; step++) {
  ek.tidy(() => {
    const x = ek.randomNormal([96, 1]);
    const wanted = Float32Array.from(x.dataSync(), (value, i) => slopes[classes[i]!]! * value + offsets[classes[i]!]!);
    const { value, grads } = ek.variableGrads(() => {
      const y = norm.apply(x, { training: true, condition });
      return ek.mean(ek.squaredDifference(y, ek.tensor(wanted, [96, 1])));
    });
    optimizer.applyGradients(grads, norm.trainableWeights);
    loss = value.dataSync()[0]!;
  });
}
// Adding 0 makes 0 of -0.
const [gamma, beta] = norm
  .getWeights()
  .map((one) =>
    Array.from(one.dataSync(), (value) => (Math.round(value * 10) / 10 + 0).toFixed(1).padStart(5)).join(""),
  );
console.log(`gamma of the classes: ${gamma}\nbeta of the classes:  ${beta}\nloss: ${loss.toFixed(2)}`);

/* Prints:
gamma of the classes:   2.0 -1.0  0.5
beta of the classes:    0.9  0.1  3.0
loss: 0.00
*/
