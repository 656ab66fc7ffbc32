// Weight standardization: kernels of mean 0 and variance 1, so that neither their size nor a constant in x matters.
import * as ek from "evenkeel";

ek.setSeed(1);
const options = { filters: 1, kernelSize: 3, useBias: false, inputShape: [8, 8, 2] };
const layers = {
  plain: ek.layers.conv2d(options),
  standardized: ek.layers.conv2d({ ...options, kernelNormalization: "standardized" }),
};
const x = ek.randomNormal([1, 8, 8, 2]);
const kernel = ek.randomNormal([3, 3, 2, 1], 0.2, 0.3);

for (const [name, layer] of Object.entries(layers)) {
  layer.build([null, 8, 8, 2]);
  const first = (values: ek.Tensor, weights: ek.Tensor) => {
    layer.setWeights([weights]);
    return layer.apply(values).dataSync()[0]!.toFixed(3).padStart(9);
  };
  const results = [first(x, kernel), first(x, ek.mul(kernel, 100)), first(ek.add(x, 1000), kernel)];
  console.log(`${name.padEnd(13)} first output ${results[0]}, kernel x 100 ${results[1]}, x + 1000 ${results[2]}`);
}

/* Prints:
plain         first output     0.789, kernel x 100    78.856, x + 1000  2572.203
standardized  first output     5.214, kernel x 100     5.215, x + 1000     5.214
*/
