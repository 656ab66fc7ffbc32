import { createTensor, fill } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { add, mul, sub } from "./binary.ts";
import { gather } from "./indexing.ts";
import type { ChannelMoments, Correct } from "./norm.ts";
import type { Affine } from "./norm-record.ts";
import { normalizeSamples, sampleMoments } from "./sample-norm.ts";
import { reshape } from "./shaping.ts";
import { rsqrt, square } from "./unary.ts";

const op = "batchNormalization";

/** What Keras adds to the number of counted positions before it divides by it. */
const fuzz = 1e-7;

export interface MaskedOptions extends Affine {
  /** [1, positions, channels]. */
  x: Tensor;
  /** The positions that count, one at least. */
  counted: Int32Array;
  epsilon: number;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β at every position, with the mean and the biased variance of the counted ones:
 * sums over them, divided by their number + 1e-7, as Keras has it. Differentiable in x, γ and β; with c = 1 where a
 * position counts and sums over all: dx = γ·rstd·(g − c·(Σg + x̂·Σ(g·x̂))/m). `correct` replaces γ and β once the
 * moments are known.
 */
export function normalizeMasked(
  options: MaskedOptions,
  correct?: Correct,
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const { x, counted, epsilon } = options;
  const [, positions, channels] = x.shape as [number, number, number];
  const rows = gather(reshape(x, [positions, channels]), createTensor(op, counted));
  const { shift, mean, variance } = sampleMoments(reshape(rows, [1, counted.length, channels]), -1);
  // The divisor is not quite the number: mean·(1 − lost) and (variance + (mean·lost)²)·(1 − lost).
  const lost = fuzz / (counted.length + fuzz);
  const away = mul(add(shift, mean), lost);
  const [center, spread] = [sub(mean, away), mul(add(variance, square(away)), 1 - lost)];
  const statistics = { mean: add(shift, center), variance: spread };
  const { gamma, beta } = correct?.(valuesOf(statistics), options) ?? options;
  const rstd = rsqrt(add(spread, epsilon));
  const scale = gamma === undefined ? rstd : mul(rstd, reshape(gamma, [channels]));
  const offset = beta === undefined ? fill([], 0) : reshape(beta, [channels]);
  return { y: normalizeSamples(x, -1, { shift, mean: center, scale, offset }), ...statistics };
}

function valuesOf({ mean, variance }: { mean: Tensor; variance: Tensor }): ChannelMoments {
  return { mean: Float64Array.from(mean.view(op)), variance: Float64Array.from(variance.view(op)) };
}
