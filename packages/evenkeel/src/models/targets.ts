import { toLabels } from "../data/encode.ts";
import { type PartialShape, sameShape, sizeOf } from "../tensor/shape.ts";
import { DataError, ShapeError, shapeText } from "../errors.ts";
import { cast, reshape } from "../ops/shaping.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Targets of the output's shape, float32. [n] stands for [n, 1], and [n, 1] for [n]. */
export function likeOutput(op: string, targets: Tensor, output: PartialShape): Tensor {
  const floats = targets.dtype === "float32" ? targets : cast(targets, "float32");
  const wanted = fillSizes(output, targets);
  if (sameShape(targets.shape, wanted)) return floats;
  const [short, long] = targets.rank < wanted.length ? [targets.shape, wanted] : [wanted, targets.shape];
  if (sameShape([...short, 1], long)) return reshape(floats, wanted);
  const classNumbers = sizeOf(targets.shape) === targets.shape[0];
  const fix = classNumbers
    ? `use sparseCategoricalCrossentropy for class numbers, or toCategorical(y, ${wanted.at(-1)}) for one-hot rows`
    : "give the targets the shape of the output";
  throw new ShapeError(`${op}: y is ${shapeText(targets.shape)} for the output ${shapeText(output)}; ${fix}`);
}

/** int32 class numbers of the output's shape without its last axis, from those or from [..., 1]. */
export function classNumbers(op: string, targets: Tensor, output: PartialShape): Tensor {
  const wanted = fillSizes(output.slice(0, -1), targets);
  const column = sameShape(targets.shape, [...wanted, 1]);
  if (!column && !sameShape(targets.shape, wanted)) {
    const oneHot = targets.shape.at(-1) === output.at(-1);
    const fix = oneHot ? "use categoricalCrossentropy for one-hot rows" : "pass one class number for each output row";
    throw new ShapeError(`${op}: y is ${shapeText(targets.shape)} for the output ${shapeText(output)}; ${fix}`);
  }
  const labels = toLabels(op, "y holds", targets, output.at(-1) ?? undefined);
  return column ? reshape(labels, wanted) : labels;
}

/** `likeOutput`, with every value in [0, 1]. */
export function probabilities(op: string, targets: Tensor, output: PartialShape): Tensor {
  const values = targets.view(op);
  const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong >= 0) {
    const sample = Math.floor(wrong / (targets.size / targets.shape[0]!));
    throw new DataError(`${op}: y holds ${values[wrong]} at sample ${sample}; binaryCrossentropy takes 0 to 1`);
  }
  return likeOutput(op, targets, output);
}

/** The output's shape for as many samples as there are targets. */
function fillSizes(output: PartialShape, targets: Tensor): number[] {
  return output.map((size, i) => (i === 0 ? targets.shape[0] : (size ?? targets.shape[i])) ?? 1);
}
