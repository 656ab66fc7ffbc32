import { checkKeys, checkNumber } from "../errors.ts";
import { add, div, maximum, minimum, mul } from "../ops/binary.ts";
import { sum } from "../ops/reduce.ts";
import { sqrt, square } from "../ops/unary.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkAxis } from "./norm/axis.ts";
import { type NumberOr, readNumbers, WeightFunction } from "./weight-function.ts";

export interface NormOptions {
  /**
   * The axis, or several, over which the norm is taken. Default: 0, the inputs of each unit of a dense layer; [0, 1, 2]
   * takes those of each filter of a convolution.
   */
  axis?: number | readonly number[];
}

export interface MaxNormOptions extends NormOptions {
  /** Default: 2. */
  maxValue?: number;
}

export interface MinMaxNormOptions extends NormOptions {
  /** Default: 0. */
  minValue?: number;
  /** Default: 1. */
  maxValue?: number;
  /** The share of the way that one step takes, from 0 to 1. Default: 1. */
  rate?: number;
}

/** w·min(‖w‖, maxValue)/(‖w‖ + 1e-7). */
export function maxNorm(options: NumberOr<MaxNormOptions> = {}): WeightFunction {
  const { maxValue } = readNumbers("maxNorm", options, { maxValue: 2 }, ["axis"]);
  return byNorm("maxNorm", options, { max_value: maxValue }, (norm) => minimum(norm, maxValue));
}

/** max(w, 0). */
export function nonNeg(options: object = {}): WeightFunction {
  checkKeys("nonNeg", options, []);
  return new WeightFunction(module, "NonNeg", {}, (w) => maximum(w, 0));
}

/** w/(‖w‖ + 1e-7). */
export function unitNorm(options: NormOptions = {}): WeightFunction {
  checkKeys("unitNorm", options, ["axis"]);
  return byNorm("unitNorm", options, {}, () => 1);
}

/** w·(rate·clip(‖w‖, minValue, maxValue) + (1 − rate)·‖w‖)/(‖w‖ + 1e-7). */
export function minMaxNorm(options: MinMaxNormOptions = {}): WeightFunction {
  const op = "minMaxNorm";
  const { minValue, maxValue, rate } = readNumbers(op, options, { minValue: 0, maxValue: 1, rate: 1 }, ["axis"]);
  checkNumber(op, "rate", rate, 0, 1);
  return byNorm(op, options, { min_value: minValue, max_value: maxValue, rate }, (norm) =>
    add(mul(maximum(minimum(norm, maxValue), minValue), rate), mul(norm, 1 - rate)),
  );
}

const module = "keras.constraints";

/** w·desired(‖w‖)/(‖w‖ + 1e-7), with Keras's epsilon. */
function byNorm(
  op: string,
  options: NumberOr<NormOptions>,
  config: object,
  desired: (norm: Tensor) => Tensor | number,
): WeightFunction {
  const axis = checkAxis(op, (options as NormOptions).axis ?? 0);
  const className = `${op.charAt(0).toUpperCase()}${op.slice(1)}`;
  return new WeightFunction(module, className, { ...config, axis }, (w) => {
    const norm = sqrt(sum(square(w), axis, true));
    return mul(w, div(desired(norm), add(norm, 1e-7)));
  });
}
