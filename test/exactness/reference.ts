import { type Case, type Inputs, setOf } from "./cases.ts";

/** What is compared; the variance only where a layer tells it. */
export interface Outputs {
  readonly y: ArrayLike<number>;
  readonly dx: ArrayLike<number>;
  readonly variance?: ArrayLike<number>;
}

/** The definition of the norms in float64, in two passes over S; dx by the formula of docs/norms.md. */
export function reference({ norm, shape, epsilon }: Case, { x, dy, gamma, beta }: Inputs): Outputs {
  const channels = shape.at(-1)!;
  const sets = Int32Array.from(x, (_, i) => setOf(norm, shape, i));
  const size = x.length / (sets.at(-1)! + 1);
  const meanOf = (value: (i: number) => number): Float64Array => {
    const sums = new Float64Array(sets.at(-1)! + 1);
    // Compensated (Neumaier 1974): a million values of 1e5 would otherwise cost digits in float64, too.
    const lost = new Float64Array(sums.length);
    for (let i = 0; i < x.length; i++) {
      const [set, next] = [sets[i]!, value(i)];
      const [sum, total] = [sums[set]!, sums[set]! + next];
      lost[set]! += Math.abs(sum) >= Math.abs(next) ? sum - total + next : next - total + sum;
      sums[set] = total;
    }
    return sums.map((sum, set) => (sum + lost[set]!) / size);
  };

  const mean = norm === "rms" ? new Float64Array(sets.at(-1)! + 1) : meanOf((i) => x[i]!);
  const centred = Float64Array.from(x, (value, i) => value - mean[sets[i]!]!);
  const variance = meanOf((i) => centred[i]! ** 2);
  const rstd = variance.map((value) => 1 / Math.sqrt(value + epsilon));
  const normalized = centred.map((value, i) => value * rstd[sets[i]!]!);
  const offset = (i: number): number => (norm === "rms" ? 0 : beta[i % channels]!);
  const y = normalized.map((value, i) => gamma[i % channels]! * value + offset(i));

  const g = Float64Array.from(dy, (value, i) => value * gamma[i % channels]!);
  const meanG = norm === "rms" ? mean : meanOf((i) => g[i]!);
  const slope = meanOf((i) => g[i]! * normalized[i]!);
  const dx = g.map((value, i) => {
    const set = sets[i]!;
    return rstd[set]! * (value - (meanG[set]! + normalized[i]! * slope[set]!));
  });
  return { y, dx, variance };
}
