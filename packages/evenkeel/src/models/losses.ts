import { abs, log, neg, softplus } from "../ops/unary.ts";
import { add, div, maximum, minimum, mul, squaredDifference, sub } from "../ops/binary.ts";
import { oneHot } from "../ops/indexing.ts";
import { mean, sum } from "../ops/reduce.ts";
import { reshape } from "../ops/shaping.ts";
import { logitsOf, softmaxCrossEntropy } from "../ops/softmax.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { configurableLoss, measureFunction } from "./measure.ts";
import { classNumbers, likeOutput, probabilities } from "./targets.ts";

/**
 * −Σⱼ tⱼ·ln pⱼ, the mean over samples. Targets and predictions: [..., classes]; predictions are divided by their sum
 * and clipped to [1e-7, 1 − 1e-7]. Those that come straight from a softmax are taken by their logits instead, exact
 * where p has rounded to 0. Keras's `categorical_crossentropy`.
 */
export const categoricalCrossentropy = configurableLoss(
  "categoricalCrossentropy",
  ({ fromLogits, labelSmoothing = 0 }) => ({
    targets: likeOutput,
    perSample: (t, p) => crossentropy(smooth(t, labelSmoothing), p, fromLogits),
  }),
);

/**
 * −ln p[t], the mean over samples. Targets: class numbers [...] or [..., 1]; predictions: [..., classes], as in
 * `categoricalCrossentropy`. Keras's `sparse_categorical_crossentropy`.
 */
export const sparseCategoricalCrossentropy = configurableLoss(
  "sparseCategoricalCrossentropy",
  ({ fromLogits, labelSmoothing = 0 }) => ({
    targets: classNumbers,
    perSample: (t, p) => crossentropy(smooth(oneHot(t, p.shape.at(-1)!), labelSmoothing), p, fromLogits),
  }),
);

/**
 * −(t·ln p + (1 − t)·ln(1 − p)), the mean over all elements; p is clipped to [1e-7, 1 − 1e-7]. Targets in [0, 1], of
 * the predictions' shape. With `fromLogits`: ln(1 + eᶻ) − t·z. Keras's `binary_crossentropy`.
 */
export const binaryCrossentropy = configurableLoss("binaryCrossentropy", ({ fromLogits, labelSmoothing = 0 }) => ({
  targets: probabilities,
  perSample: (targets, predictions) => {
    const t = labelSmoothing === 0 ? targets : add(mul(targets, 1 - labelSmoothing), labelSmoothing / 2);
    if (fromLogits) return mean(sub(softplus(predictions), mul(t, predictions)), -1);
    const p = clip(predictions);
    return neg(mean(add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p)))), -1));
  },
}));

/** (t − p)², the mean over all elements. */
export const meanSquaredError = measureFunction("meanSquaredError", {
  targets: likeOutput,
  perSample: (t, p) => mean(squaredDifference(t, p), -1),
});

/** |t − p|, the mean over all elements. */
export const meanAbsoluteError = measureFunction("meanAbsoluteError", {
  targets: likeOutput,
  perSample: (t, p) => mean(abs(sub(t, p)), -1),
});

export { meanAbsoluteError as mae, meanSquaredError as mse };

/** Keeps the logarithms of probabilities finite; Keras's epsilon. */
const epsilon = 1e-7;

function crossentropy(targets: Tensor, predictions: Tensor, fromLogits = false): Tensor {
  const logits = fromLogits ? predictions : logitsOf(predictions);
  if (logits === undefined) {
    const p = clip(div(predictions, sum(predictions, -1, true)));
    return neg(sum(mul(targets, log(p)), -1));
  }
  if (logits.rank === 2) return softmaxCrossEntropy(targets, logits);
  const rows = [-1, logits.shape.at(-1)!];
  return reshape(softmaxCrossEntropy(reshape(targets, rows), reshape(logits, rows)), logits.shape.slice(0, -1));
}

function clip(p: Tensor): Tensor {
  return maximum(minimum(p, 1 - epsilon), epsilon);
}

function smooth(targets: Tensor, share: number): Tensor {
  return share === 0 ? targets : add(mul(targets, 1 - share), share / targets.shape.at(-1)!);
}
