import { checkInteger, checkNumber, ShapeError } from "../../errors.ts";

/** Mean and biased variance of `count` values for each channel. */
export interface Moments {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly count: number;
}

/**
 * The moments of all values from those of their parts (Chan, Golub and LeVeque 1979), in float64: with d the difference
 * of two means, mean = mean₁ + d·n₂/n and variance = (n₁·variance₁ + n₂·variance₂ + d²·n₁·n₂/n)/n, n = n₁ + n₂.
 * Without `whole` the variances are averaged, and d is left out.
 */
export function mergeMoments(parts: readonly Moments[], whole = true): Moments {
  return parts.reduce((a, b) => {
    const count = a.count + b.count;
    const share = b.count / count;
    const mean = Float64Array.from(a.mean, (value, i) => value + (b.mean[i]! - value) * share);
    const variance = Float64Array.from(a.variance, (value, i) => {
      const d = b.mean[i]! - a.mean[i]!;
      return value + (b.variance[i]! - value) * share + (whole ? d * d * share * (1 - share) : 0);
    });
    return { mean, variance, count };
  });
}

/** Moments, and how many batches they are of. */
export interface Statistics extends Moments {
  readonly batches: number;
}

/** Moments as somebody gives them: the number of batches is 1 by default. */
export type StatisticsLike = Moments & Partial<Statistics>;

/** A copy in float64. Errors: ArgumentError, ShapeError for what are no moments of so many `channels`. */
export function checkStatistics(op: string, given: StatisticsLike, channels: number, least = 0): Statistics {
  const { mean, variance, count, batches = 1 } = given;
  const values = (name: string, from: ArrayLike<number> | undefined, min?: number): Float64Array => {
    if (from?.length !== channels) {
      throw new ShapeError(
        `${op}: ${name} has ${from?.length ?? "no"} values; use one for each of ${channels} channels`,
      );
    }
    return Float64Array.from(from, (value) => checkNumber(op, name, value, min));
  };
  return {
    mean: values("mean", mean),
    variance: values("variance", variance, 0),
    count: checkInteger(op, "count", count, least),
    batches: checkInteger(op, "batches", batches),
  };
}
