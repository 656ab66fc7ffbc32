// Ghost batch normalization: a large batch, normalized as if it were many small ones, keeps the noise of small ones.
import * as ek from "evenkeel";

ek.setSeed(1);
const x = ek.randomNormal([1024, 1], 3, 2);
const deviation = (y: ek.Tensor) => Math.sqrt(ek.moments(y).variance.dataSync()[0]!);

for (const ghostBatchSize of [undefined, 256, 64, 16, 4]) {
  const norm = ek.layers.batchNormalization({ ghostBatchSize });
  const y = norm.apply(x, { training: true });
  // What the same values become in inference: the noise is the difference.
  const noise = deviation(ek.sub(y, norm.apply(x)));
  const size = String(ghostBatchSize ?? "no").padStart(3);
  console.log(
    `${size} ghosts' size: noise ${noise.toFixed(3)}, running statistics of ${norm.runningStats.batches} batches`,
  );
}

/* Prints:
 no ghosts' size: noise 0.000, running statistics of 1 batches
256 ghosts' size: noise 0.068, running statistics of 4 batches
 64 ghosts' size: noise 0.139, running statistics of 16 batches
 16 ghosts' size: noise 0.309, running statistics of 64 batches
  4 ghosts' size: noise 0.688, running statistics of 256 batches
*/
