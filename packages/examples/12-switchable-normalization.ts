// Switchable normalization learns which statistics to use: pictures of different contrast want their own.
import * as ek from "evenkeel";

ek.setSeed(1);
const norm = ek.layers.switchableNormalization();
const optimizer = ek.train.adam(0.05);
const shares = (weight: ek.Tensor) => Array.from(ek.softmax(weight).dataSync(), (value) => value.toFixed(2)).join("  ");
const show = (step: number) => {
  const [, , means, variances] = norm.getWeights();
  console.log(`${String(step).padStart(4)} steps: of means ${shares(means!)}   of variances ${shares(variances!)}`);
};

norm.build([null, 4, 4, 2]);
console.log("shares of instance, layer, batch:");
show(0);
for (let step = 1; step <= 200; step++) {
  ek.tidy(() => {
    // Each picture has a brightness and contrast of its own, which the target does not have.
    const picture = ek.randomNormal([16, 4, 4, 2]);
    const contrast = ek.randomUniform([16, 1, 1, 2], 1, 5);
    const x = ek.add(ek.mul(picture, contrast), ek.randomNormal([16, 1, 1, 2], 0, 5));
    const { grads } = ek.variableGrads(() => {
      const y = norm.apply(x, { training: true });
      return ek.mean(ek.squaredDifference(y, picture));
    });
    optimizer.applyGradients(grads, norm.trainableWeights);
  });
  if (step % 100 === 0) show(step);
}

/* Prints:
shares of instance, layer, batch:
   0 steps: of means 0.33  0.33  0.33   of variances 0.33  0.33  0.33
 100 steps: of means 0.97  0.02  0.02   of variances 0.97  0.02  0.01
 200 steps: of means 0.98  0.01  0.01   of variances 0.98  0.01  0.01
*/
