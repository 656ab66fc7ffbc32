import { add, mul, sub } from "../../ops/binary.ts";
import { normalizeGhosts } from "../../ops/ghost-norm.ts";
import { normalizeMasked } from "../../ops/masked-norm.ts";
import { normalizeMixed } from "../../ops/mixed-norm.ts";
import { type Correct, normalizeBatch, type NormalizeOptions, readMoments } from "../../ops/norm.ts";
import { reshape, slice } from "../../ops/shaping.ts";
import { rsqrt } from "../../ops/unary.ts";
import { createTensor } from "../../tensor/create.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { throughColumns } from "./columns.ts";
import type { ConditionedAffine } from "./condition.ts";
import { merged } from "./mixed-norm.ts";
import type { Renorm } from "./renorm.ts";
import type { RunningStats } from "./running-stats.ts";

export interface InTraining {
  readonly runningStats: RunningStats;
  readonly renorm: Renorm | undefined;
  readonly ghostBatchSize: number | undefined;
  /** The positions that count; undefined where all do. */
  readonly counted: Int32Array | undefined;
}

/** γ·x̂ + β by statistics of x itself, which the running statistics take in. */
export function normalizeInTraining(options: NormalizeOptions, how: InTraining): Tensor {
  const { runningStats, ghostBatchSize, counted } = how;
  const { x, axes } = options;
  if (ghostBatchSize !== undefined) return inGhosts(options, ghostBatchSize, runningStats);
  const count = x.size / sizeOf(axes.map((axis) => x.shape[axis]!));
  // When all count, there is nothing to leave out.
  if (counted !== undefined && counted.length < count) {
    return throughColumns(x, axes, (columns) => masked(columns, options, counted, how));
  }
  const { y, mean, variance, moments } = normalizeBatch(options, correction(how, count));
  runningStats.update(mean, variance, count, () => ({ ...readMoments(moments), count }));
  return y;
}

function masked(columns: Tensor, options: NormalizeOptions, counted: Int32Array, how: InTraining): Tensor {
  const [batch, positions, channels] = columns.shape as [number, number, number];
  const x = reshape(columns, [1, batch * positions, channels]);
  const { y, mean, variance } = normalizeMasked({ ...options, x, counted }, correction(how, counted.length));
  how.runningStats.update(mean, variance, counted.length);
  return reshape(y, columns.shape);
}

function inGhosts(options: NormalizeOptions, size: number, runningStats: RunningStats): Tensor {
  const { y, ghosts } = normalizeGhosts(options, size);
  for (const { mean, variance, count } of ghosts) {
    const [means, variances] = [mean, variance].map((values) => createTensor("", values)) as [Tensor, Tensor];
    runningStats.update(means, variances, count, () => ({ mean, variance, count }));
  }
  return y;
}

/** The same for x [batch, positions, channels] with γ and β of its own for each sample. */
export function normalizeConditioned(
  x: Tensor,
  { scale, offset }: ConditionedAffine,
  epsilon: number,
  runningStats: RunningStats,
): Tensor {
  return normalizeMixed(x, -1, [scale, offset], ({ shift, mean, variance }) => {
    // Means relative to those of the first sample, which loses no digits.
    const origin = slice(shift, 0, 1);
    const batch = merged({ mean: add(sub(shift, origin), mean), variance }, 0);
    runningStats.update(add(origin, batch.mean), batch.variance, x.shape[0]! * x.shape[1]!);
    const rstd = rsqrt(add(batch.variance, epsilon));
    return { shift: origin, mean: batch.mean, scale: mul(rstd, scale), offset };
  });
}

/** What `renorm` makes of γ and β by the moments of a batch of `count` values a channel. */
function correction({ renorm, runningStats: { frozen } }: InTraining, count: number): Correct | undefined {
  return renorm && ((moments, affine) => renorm.correct(moments, affine, { count, frozen }));
}
