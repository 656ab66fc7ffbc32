import { ShapeError } from "../../errors.ts";
import { add, div, maximum, mul, sub } from "../../ops/binary.ts";
import { normalizeBatch } from "../../ops/norm.ts";
import { mean, sum } from "../../ops/reduce.ts";
import { sqrt, square } from "../../ops/unary.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { KernelNormalization } from "./kernel-normalization.ts";

/** The smallest normal float32: the root of a variance of 0 has a gradient then, of 0. */
const smallest = 1.1754944e-38;

/**
 * Ŵ = (W − mean)/√(variance + ε) for each output filter, the variance biased (Qiao et al. 2019); for use with group
 * normalization. `epsilonOutside`: (W − mean)/(s + ε) with s² = Σ(W − mean)²/(fanIn − 1), as the authors' PyTorch code
 * has it. Errors: ShapeError for that variant with a fan-in of 1, where s is 0/0.
 */
export class WeightStandardization extends KernelNormalization<{ epsilon: number; epsilonOutside: boolean }> {
  protected override createWeights(w: Tensor): void {
    if (w.shape[0] !== 1 || !this.options.epsilonOutside) return;
    this.refuse("a fan-in of 1 has no unbiased deviation; use epsilonOutside: false", ShapeError);
  }

  protected override normalize(w: Tensor): Tensor {
    const { epsilon, epsilonOutside } = this.options;
    // Filters are columns, and their elements the batch.
    if (!epsilonOutside) {
      return normalizeBatch({ x: w, axes: [1], gamma: undefined, beta: undefined, epsilon }).y;
    }
    // Twice: a mean far from 0 is rounded, and what that leaves is taken off.
    const centred = centre(centre(w));
    const variance = mul(sum(square(centred), 0), 1 / (w.shape[0]! - 1));
    return div(centred, add(sqrt(maximum(variance, smallest)), epsilon));
  }
}

function centre(w: Tensor): Tensor {
  return sub(w, mean(w, 0));
}
