import type { PartialShape } from "../tensor/shape.ts";
import { equal, greater } from "../ops/binary.ts";
import { argMax, mean } from "../ops/reduce.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Measure, measureFunction } from "./measure.ts";
import { classNumbers, likeOutput } from "./targets.ts";

const categorical: Measure = {
  targets: likeOutput,
  perSample: (t, p) => equal(argMax(t), argMax(p)),
};

const sparse: Measure = {
  targets: classNumbers,
  perSample: (t, p) => equal(t, argMax(p)),
};

const binary: Measure = {
  targets: likeOutput,
  perSample: (t, p) => mean(equal(t, greater(p, 0.5)), -1),
};

/** The share of samples whose largest prediction is where the largest target is: one-hot rows [..., classes]. */
export const categoricalAccuracy = measureFunction("categoricalAccuracy", categorical);

/** The share of samples whose largest prediction is at the target: class numbers [...] or [..., 1]. */
export const sparseCategoricalAccuracy = measureFunction("sparseCategoricalAccuracy", sparse);

/** The share of elements where (p > 0.5) = t, with targets 0 and 1 of the predictions' shape. */
export const binaryAccuracy = measureFunction("binaryAccuracy", binary);

/** One of the three above, chosen by the shapes as Keras chooses for "accuracy". */
export const accuracy = measureFunction("accuracy", {
  targets: (op, targets, output) => choose(targets, output).targets(op, targets, output),
  perSample: (targets, predictions) => choose(targets, predictions.shape).perSample(targets, predictions),
});

function choose(targets: Tensor, output: PartialShape): Measure {
  if (output.at(-1) === 1) return binary;
  return targets.rank < output.length || targets.shape.at(-1) === 1 ? sparse : categorical;
}
