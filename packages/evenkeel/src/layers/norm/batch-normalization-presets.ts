import { BatchNormalization } from "./batch-normalization.ts";
import type { BatchNormalizationOptions } from "./batch-normalization-options.ts";
import type { ConditionOptions } from "./condition.ts";

/**
 * y = γ·((x − mean_B)/σ_B·r + d) + β in training, with r = clip(σ_B/σ) and d = clip((mean_B − mean)/σ): `renorm: true`
 * with the bounds of the paper, which are 1 and 0 for 5,000 steps and then open until r ≤ 3 and |d| ≤ 5 (Ioffe 2017).
 */
export function batchRenormalization(options: BatchNormalizationOptions = {}): BatchNormalization {
  return new BatchNormalization({ renorm: true, renormClipping: "ramp", ...options });
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β in training with the moments of each `ghostBatchSize` samples, by default 128
 * (Hoffer, Hubara and Soudry 2017).
 */
export function ghostBatchNormalization(options: BatchNormalizationOptions = {}): BatchNormalization {
  return new BatchNormalization({ ghostBatchSize: 128, ...options });
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β for each sample with the moments of a reference batch and that sample together:
 * `referenceBatch`, by default the first batch in training (Salimans et al. 2016).
 */
export function virtualBatchNormalization(options: BatchNormalizationOptions = {}): BatchNormalization {
  return new BatchNormalization({ referenceBatch: true, ...options });
}

/**
 * y = γ(c)·(x − mean)/√(variance + ε) + β(c): `condition` says what c is, a class or features; it comes with
 * `apply(x, { condition: c })` (De Vries et al. 2017).
 */
export function conditionalBatchNormalization(
  options: BatchNormalizationOptions & Required<Pick<BatchNormalizationOptions, "condition">>,
): BatchNormalization {
  return new BatchNormalization({ ...options, condition: options.condition ?? ({} as ConditionOptions) });
}
