import { type Case, type Inputs, setOf } from "./cases.ts";

/** What is compared; the variance only where a layer tells it. */
export interface Outputs {
  readonly y: ArrayLike<number>;
  readonly dx: ArrayLike<number>;
  readonly variance?: ArrayLike<number>;
}

/** The definition of the norms in float64, in two passes over S; dx by the formula of docs/norms.md. */
export function reference({ norm, shape, epsilon }: Case, { x, dy, gamma, beta }: Inputs): Outputs {
  const centred = norm !== "rms";
  const channels = shape.at(-1)!;
  const sets = mapped(x.length, (i) => setOf(norm, shape, i));
  const none = new Float64Array(sets.at(-1)! + 1);
  const meanOf = (values: Float64Array): Float64Array => means(values, sets, none.length);

  const mean = centred ? meanOf(Float64Array.from(x)) : none;
  const deviation = mapped(x.length, (i) => x[i]! - mean[sets[i]!]!);
  const variance = meanOf(deviation.map((value) => value * value));
  const rstd = variance.map((value) => 1 / Math.sqrt(value + epsilon));
  const normalized = deviation.map((value, i) => value * rstd[sets[i]!]!);
  const y = normalized.map((value, i) => gamma[i % channels]! * value + (centred ? beta[i % channels]! : 0));

  const g = mapped(x.length, (i) => dy[i]! * gamma[i % channels]!);
  const meanG = centred ? meanOf(g) : none;
  const slope = meanOf(g.map((value, i) => value * normalized[i]!));
  const dx = g.map((value, i) => {
    const set = sets[i]!;
    return rstd[set]! * (value - (meanG[set]! + normalized[i]! * slope[set]!));
  });
  return { y, dx, variance };
}

/** The mean of each set; compensated (Neumaier 1974), so that float64 is exact enough for a million values, too. */
function means(values: Float64Array, sets: Float64Array, count: number): Float64Array {
  const [sums, lost] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < values.length; i++) {
    const [set, next] = [sets[i]!, values[i]!];
    const sum = sums[set]!;
    const total = sum + next;
    lost[set]! += Math.abs(sum) >= Math.abs(next) ? sum - total + next : next - total + sum;
    sums[set] = total;
  }
  return sums.map((sum, set) => (sum + lost[set]!) / (values.length / count));
}

/** `Float64Array.from({ length }, ...)` takes ten times as long. */
function mapped(length: number, value: (i: number) => number): Float64Array {
  const result = new Float64Array(length);
  for (let i = 0; i < length; i++) result[i] = value(i);
  return result;
}
