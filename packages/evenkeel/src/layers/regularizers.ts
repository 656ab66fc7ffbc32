import { ShapeError, shapeText } from "../errors.ts";
import { findName } from "../keras.ts";
import { add, maximum, mul, sub } from "../ops/binary.ts";
import { oneHot } from "../ops/indexing.ts";
import { matMul } from "../ops/matmul.ts";
import { sum } from "../ops/reduce.ts";
import { abs, rsqrt, square } from "../ops/unary.ts";
import { type NumberOr, readNumbers, WeightFunction } from "./weight-function.ts";

const module = "keras.regularizers";

/** l1·Σ|w|; l1: 0.01 by default. */
export function l1(options: NumberOr<{ l1?: number }> = {}): WeightFunction {
  const config = readNumbers("l1", options, { l1: 0.01 });
  return new WeightFunction(module, "L1", config, (w) => mul(sum(abs(w)), config.l1));
}

/** l2·Σw²; l2: 0.01 by default. Not halved, as in Keras. */
export function l2(options: NumberOr<{ l2?: number }> = {}): WeightFunction {
  const config = readNumbers("l2", options, { l2: 0.01 });
  return new WeightFunction(module, "L2", config, (w) => mul(sum(square(w)), config.l2));
}

/** l1·Σ|w| + l2·Σw². Both are 0 by default, as in Keras: by its name alone it penalizes nothing. */
export function l1l2(options: { l1?: number; l2?: number } = {}): WeightFunction {
  const config = readNumbers("l1l2", options, { l1: 0, l2: 0 });
  const [first, second] = [l1(config.l1), l2(config.l2)];
  return new WeightFunction(module, "L1L2", config, (w) => add(first.apply(w), second.apply(w)));
}

export interface OrthogonalRegularizerOptions {
  /** Default: 0.01. */
  factor?: number;
  /** "rows" (default) or "columns". */
  mode?: string;
}

/**
 * factor·mean |cos(vᵢ, vⱼ)| over the pairs i < j of the rows, or columns, of a matrix. Keras divides by 0 for a single
 * row; here its penalty is 0. Errors: ShapeError for a weight that is no matrix.
 */
export function orthogonalRegularizer(options: NumberOr<OrthogonalRegularizerOptions> = {}): WeightFunction {
  const op = "orthogonalRegularizer";
  const { factor } = readNumbers(op, options, { factor: 0.01 }, ["mode"]);
  const given = (options as OrthogonalRegularizerOptions).mode ?? "rows";
  const mode = findName(op, "mode", given, ["rows", "columns"] as const);
  const columns = mode === "columns";
  return new WeightFunction(module, "OrthogonalRegularizer", { factor, mode }, (w) => {
    if (w.rank !== 2) throw new ShapeError(`${op}: the weight is ${shapeText(w.shape)}; use it for a matrix`);
    const unit = mul(w, rsqrt(maximum(sum(square(w), columns ? 0 : 1, true), smallest)));
    const cosines = matMul(unit, unit, columns, !columns);
    const size = w.shape[columns ? 1 : 0]!;
    const diagonal = Int32Array.from({ length: size }, (_, i) => i);
    const others = mul(cosines, sub(1, oneHot(diagonal, size)));
    return mul(sum(abs(others)), factor / Math.max(1, size * (size - 1)));
  });
}

/** A vector of zeros stays one: the square of Keras's epsilon. */
const smallest = 1e-14;
