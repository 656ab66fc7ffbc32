import type { Outputs } from "./runner.ts";

/**
 * How two contestants' outputs differ, in words; undefined when they agree: every output that both give is finite, and
 * no further apart than `tolerance` times its largest value.
 */
export function difference(own: Outputs, reference: Outputs, tolerance: number): string | undefined {
  const shared = Object.keys(reference).filter((name) => name in own);
  if (shared.length === 0 && Object.keys(reference).length > 0) return "gives none of the outputs to compare";
  for (const name of shared) {
    const [a, b] = [own[name]!, reference[name]!];
    if (a.length !== b.length) return `${name} has ${a.length} samples instead of ${b.length}`;
    const scale = Math.max(...b.map(Math.abs));
    const apart = Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
    // Written so that NaN disagrees too.
    if (!(apart <= tolerance * scale)) return `${name} differs by ${(apart / scale).toExponential(1)} of its largest`;
  }
  return undefined;
}
