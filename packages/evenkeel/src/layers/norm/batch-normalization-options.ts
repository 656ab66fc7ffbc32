import { ArgumentError, checkInteger, checkNumber } from "../../errors.ts";
import { findName } from "../../keras.ts";
import type { TensorLike } from "../../tensor/values.ts";
import type { InitializerLike } from "../get-initializer.ts";
import type { LayerOptions } from "../layer.ts";
import { checkFlag } from "../options.ts";
import { checkAxis } from "./axis.ts";
import type { ConditionOptions } from "./condition.ts";
import type { RenormClipping } from "./renorm.ts";
import { scaleAndCenterOptions, type ScaleAndCenterOptions } from "./scale-and-center.ts";

export interface BatchNormalizationOptions extends LayerOptions, ScaleAndCenterOptions {
  /** The channel axis, or several; each channel has its own mean and variance. Default: -1. */
  axis?: number | readonly number[];
  /**
   * Weight of the old running value, from 0 to 1; PyTorch's momentum is the weight of the new one, 1 minus this. null
   * is the cumulative average, each batch equal. Default: 0.99.
   */
  momentum?: number | null;
  /** Default: 1e-3. */
  epsilon?: number;
  /** Default: "zeros". */
  movingMeanInitializer?: InitializerLike;
  /** Default: "ones". */
  movingVarianceInitializer?: InitializerLike;
  /** Running statistics that are right from the first batch on; false is Keras's and PyTorch's rule. Default: true. */
  zeroDebias?: boolean;
  /** The variance that is kept: "biased" (default; Σ/m, as Keras) or "unbiased" (Σ/(m − 1), as PyTorch). */
  movingVariance?: string;
  /**
   * One value per channel in training: "error" (default); "allow" (the result is β and the variance 0, as in Keras); or
   * "running" (normalize by the running statistics and leave them).
   */
  singleValue?: string;
  /** Correct training towards the averages of earlier batches (batch renormalization, Ioffe 2017). Default: false. */
  renorm?: boolean;
  /** Bounds { rmin, rmax, dmax } of that correction, or "ramp", which opens as the paper's. Default: none. */
  renormClipping?: RenormClipping | "ramp" | null;
  /** Weight of the old value in the averages that `renorm` goes by. Default: 0.99. */
  renormMomentum?: number;
  /**
   * In training, normalize every so many samples of a batch by themselves; the running statistics move once for each
   * (ghost batches, Hoffer et al. 2017). The last may be smaller.
   */
  ghostBatchSize?: number | null;
  /**
   * Normalize each sample by the statistics of this batch and itself, in training as in inference (virtual batch
   * normalization, Salimans et al. 2016): an input of the layer, or true for the first batch in training.
   */
  referenceBatch?: TensorLike | null;
  /**
   * γ and β depend on a second input, `apply(x, { condition })`: one of so many `classes`, [batch] integers, or
   * `features`, [batch, features].
   */
  condition?: ConditionOptions | null;
  /** "torch" fills in PyTorch's defaults: epsilon 1e-5, momentum 0.9, movingVariance "unbiased". */
  preset?: string;
}

export const batchNormalizationOptions = [
  "axis",
  "momentum",
  "epsilon",
  ...scaleAndCenterOptions,
  "movingMeanInitializer",
  "movingVarianceInitializer",
  "zeroDebias",
  "movingVariance",
  "singleValue",
  "renorm",
  "renormClipping",
  "renormMomentum",
  "ghostBatchSize",
  "referenceBatch",
  "condition",
  "preset",
];

const presets = { keras: {}, torch: { epsilon: 1e-5, momentum: 0.9, movingVariance: "unbiased" } };
const movingVariances = ["biased", "unbiased"] as const;
const singleValues = ["error", "allow", "running"] as const;

/** The options with their defaults, those that are plain values checked. */
export function readOptions(op: string, given: BatchNormalizationOptions) {
  const preset = presets[findName(op, "preset", given.preset ?? "keras", ["keras", "torch"] as const)];
  const options: BatchNormalizationOptions = { ...preset, ...withoutUndefined(given) };
  const { momentum = 0.99, renorm = false, ghostBatchSize } = options;
  const referenceBatch = options.referenceBatch === false ? null : options.referenceBatch;
  const ways = Object.entries({ renorm, ghostBatchSize, referenceBatch }).flatMap(([key, set]) => (set ? [key] : []));
  if (ways.length > 1) throw new ArgumentError(`${op}: ${ways.join(" and ")} came; use one of them`);
  return {
    ...options,
    referenceBatch,
    axis: checkAxis(op, options.axis ?? -1),
    epsilon: checkNumber(op, "epsilon", options.epsilon ?? 1e-3, 0),
    momentum: momentum === null ? null : checkNumber(op, "momentum", momentum, 0, 1),
    zeroDebias: checkFlag(op, "zeroDebias", options.zeroDebias ?? true),
    movingVariance: findName(op, "movingVariance", options.movingVariance ?? "biased", movingVariances),
    singleValue: findName(op, "singleValue", options.singleValue ?? "error", singleValues),
    renorm: checkFlag(op, "renorm", renorm),
    ghostBatchSize: ghostBatchSize == null ? undefined : checkInteger(op, "ghostBatchSize", ghostBatchSize, 1),
  };
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
