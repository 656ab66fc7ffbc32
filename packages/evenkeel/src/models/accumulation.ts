import type { Layer } from "../layers/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";

/**
 * mean = Σnᵢ·meanᵢ/n and variance = Σnᵢ·(varianceᵢ + (meanᵢ − mean)²)/n over all n = Σnᵢ values of k batches: what
 * moves running statistics, once, where the optimizer makes one step of the gradients of k batches: w takes one update,
 * `batches` one, `count` all n. Each batch is still normalized by its own mean and variance.
 *
 * `pass` is forward and backward of one batch; the optimizer gets the gradients after it.
 */
export function accumulating<T>(layers: readonly Layer[], optimizer: Optimizer, pass: () => T): T {
  const { gradientAccumulationSteps: steps, accumulatedSteps: done } = optimizer;
  if (steps === 1) return pass();
  for (const { extraState } of layers) {
    // Another optimizer may have left some.
    if (done === 0) extraState?.settle?.(false);
    extraState?.gather?.(true);
  }
  try {
    const result = pass();
    if (done + 1 === steps) {
      for (const { trainable, extraState } of layers) if (trainable) extraState?.settle?.(true);
    }
    return result;
  } finally {
    for (const { extraState } of layers) extraState?.gather?.(false);
  }
}
