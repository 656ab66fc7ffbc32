import { ArgumentError } from "../../errors.ts";
import { checkStatistics, mergeMoments, type Statistics, type StatisticsLike } from "./moments.ts";
import { RunningStats } from "./running-stats.ts";

/**
 * The mean and the biased variance of all values from those of parts of them (Chan, Golub and LeVeque 1979), in
 * float64: n = Σnᵢ, mean = Σnᵢ·meanᵢ/n, variance = Σnᵢ·(varianceᵢ + (meanᵢ − mean)²)/n, per channel.
 *
 * A part is `{ mean, variance, count }`, or the `runningStats` of a layer after `recalibrate` on its share of the data,
 * whose unbiased variance is converted. Parts without values are left out. What comes back can be put into a layer by
 * `runningStats.replace()`.
 *
 * Errors: ArgumentError for running statistics that are an average over batches, which don't merge exactly, and where
 * no part has values; ShapeError for parts with other channels.
 */
export function merge(parts: readonly (RunningStats | StatisticsLike)[]): Statistics {
  const op = "stats.merge";
  const given = parts.map((part) => (part instanceof RunningStats ? part.exactly(op) : part));
  const checked = given.map((part) => checkStatistics(op, part, given[0]!.mean.length));
  const seen = checked.filter(({ count }) => count > 0);
  if (seen.length === 0) throw new ArgumentError(`${op}: no part has values; pass one that has`);
  return { ...mergeMoments(seen), batches: seen.reduce((sum, { batches }) => sum + batches, 0) };
}
