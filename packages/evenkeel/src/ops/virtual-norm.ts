import type { Tensor } from "../tensor/tensor.ts";
import { add, mul, sub } from "./binary.ts";
import { normalizeMixed } from "./mixed-norm.ts";
import type { Affine } from "./norm-record.ts";
import { rsqrt, square } from "./unary.ts";

export interface ReferenceOptions extends Affine {
  /** [batch, positions, channels]. */
  x: Tensor;
  /** Mean and biased variance of the reference batch, [channels]. */
  mean: Tensor;
  variance: Tensor;
  /** Values of each channel in the reference batch. */
  count: number;
  epsilon: number;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β, each sample by the moments of a reference batch and the sample together
 * (virtual batch normalization, Salimans et al. 2016). Differentiable in x, γ, β and the reference's moments.
 */
export function normalizeByReference({ x, gamma, beta, epsilon, ...reference }: ReferenceOptions): Tensor {
  const own = x.shape[1]! / (reference.count + x.shape[1]!);
  const parameters = [gamma, beta, reference.mean, reference.variance].filter((each) => each !== undefined);
  return normalizeMixed(x, -1, parameters, ({ shift, mean, variance }) => {
    // Chan's merge; the mean relative to the sample's own, where no digits are lost.
    const apart = add(sub(shift, reference.mean), mean);
    const within = add(mul(reference.variance, 1 - own), mul(variance, own));
    const merged = add(within, mul(square(apart), own * (1 - own)));
    const rstd = rsqrt(add(merged, epsilon));
    const scale = gamma === undefined ? rstd : mul(rstd, gamma);
    return { shift, mean: sub(mean, mul(apart, 1 - own)), scale, offset: beta };
  });
}
