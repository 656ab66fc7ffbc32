export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How many times one of two numbers is the other, from their ratio: at least 1. */
export function factor(ratio: number): number {
  return Math.max(ratio, 1 / ratio);
}

/** Three digits: 0.0716, 12, 3.4e+25. */
export function text(value: number): string {
  return String(Number(value.toPrecision(3)));
}
