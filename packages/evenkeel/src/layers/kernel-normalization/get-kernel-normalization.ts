import { checkInteger, checkNumber } from "../../errors.ts";
import { findName, readConfig } from "../../keras.ts";
import { checkFlag } from "../options.ts";
import type { KernelNormalization } from "./kernel-normalization.ts";
import { SpectralNorm } from "./spectral-norm.ts";
import { WeightNormalization } from "./weight-normalization.ts";
import { WeightStandardization } from "./weight-standardization.ts";

export interface KernelNormalizationOptions {
  /** "weight" (g·v/‖v‖), "standardized" ((W − mean)/√(variance + ε)) or "spectral" (W/σ). */
  type: string;
  /** "weight": the first batch of training sets g and the bias, for pre-activations of mean 0 and variance 1. */
  dataDependentInit?: boolean;
  /** "standardized". Default: 1e-5. */
  epsilon?: number;
  /** "standardized": ε is added to the unbiased deviation, not to the biased variance. Default: false. */
  epsilonOutside?: boolean;
  /** "spectral": in each call in training. Default: 1. */
  powerIterations?: number;
}

/** A type, or an object of it with its options. */
export type KernelNormalizationLike = string | KernelNormalizationOptions;

const kinds = {
  weight: [WeightNormalization, { dataDependentInit: false }],
  standardized: [WeightStandardization, { epsilon: 1e-5, epsilonOutside: false }],
  spectral: [SpectralNorm, { powerIterations: 1 }],
} as const;
const types = Object.keys(kinds) as (keyof typeof kinds)[];

/** Keys in camelCase or snake_case. Errors: ArgumentError with the nearest valid name. */
export function getKernelNormalization(layer: string, given: KernelNormalizationLike): KernelNormalization {
  const { type, ...rest } = typeof given === "object" ? given : { type: given };
  const name = findName(layer, "kernelNormalization", type, types);
  const [kind, defaults] = kinds[name];
  const op = `${layer}: kernelNormalization`;
  const options = { ...defaults, ...readConfig(op, rest, { options: Object.keys(defaults) }) };
  for (const [key, value] of Object.entries(options)) {
    if (key === "epsilon") checkNumber(op, key, value, 0);
    else if (key === "powerIterations") checkInteger(op, key, value, 1);
    else checkFlag(op, key, value);
  }
  return new kind(name, options as never);
}
