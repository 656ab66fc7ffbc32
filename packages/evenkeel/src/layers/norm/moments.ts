/** Mean and biased variance of `count` values for each channel. */
export interface Moments {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly count: number;
}

/**
 * The moments of all values from those of their parts (Chan, Golub and LeVeque 1979), in float64: with d the difference
 * of two means, mean = mean₁ + d·n₂/n and variance = (n₁·variance₁ + n₂·variance₂ + d²·n₁·n₂/n)/n, n = n₁ + n₂.
 */
export function mergeMoments(parts: readonly Moments[]): Moments {
  return parts.reduce((a, b) => {
    const count = a.count + b.count;
    const share = b.count / count;
    const mean = Float64Array.from(a.mean, (value, i) => value + (b.mean[i]! - value) * share);
    const variance = Float64Array.from(a.variance, (value, i) => {
      const d = b.mean[i]! - a.mean[i]!;
      return value + (b.variance[i]! - value) * share + d * d * share * (1 - share);
    });
    return { mean, variance, count };
  });
}
