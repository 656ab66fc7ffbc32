// The documented integer generator; generate/generator.py has the same in Python. Weights, inputs and cotangents of the
// goldens are made from it, never stored.

function mix(x: number): number {
  const a = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  const b = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return (b ^ (b >>> 16)) >>> 0;
}

/** mix(mix(seed) + index) mod 2^32, with the finalizer of MurmurHash3 (Appleby 2011) as mix. */
export function hash(seed: number, index: number): number {
  return mix((mix(seed) + index) >>> 0);
}

/** [0, 1) in steps of 2^-24. */
function unit(seed: number, index: number): number {
  return (hash(seed, index) >>> 8) / 2 ** 24;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** float32(low + (high - low)·unit(seed, i)). */
export function uniform(seed: number, shape: readonly number[], low = -1, high = 1): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * unit(seed, i);
  return values;
}

/** Σ ±xᵢ, with the sign of the lowest bit of hash(seed, i). */
export function projection(seed: number, x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (hash(seed, i) & 1 ? -1 : 1) * x[i]!;
  return sum;
}

/** One index out of each of `count` equal stretches; all indices of a small tensor. */
export function sampleIndices(seed: number, size: number, count: number): number[] {
  const stride = Math.floor(size / count);
  if (size <= count) return Array.from({ length: size }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => i * stride + (hash(seed, i) % stride));
}

/** Images in [0, 1): noise whose brightness follows a pattern of 4 x 4 squares, one a class; and one-hot labels. */
export function images(
  seed: number,
  { first, count, shape, classes }: { first: number; count: number; shape: readonly number[]; classes: number },
): { x: Float32Array; y: Float32Array } {
  const [height, width, channels] = shape as [number, number, number];
  const columns = Math.ceil(width / 4);
  const size = sizeOf(shape);
  const patternSize = Math.ceil(height / 4) * columns * channels;
  const pattern = uniform(seed + 1, [classes * patternSize], 0, 1);
  const x = new Float32Array(count * size);
  const y = new Float32Array(count * classes);
  for (let n = 0; n < count; n++) {
    const label = hash(seed, first + n) % classes;
    y[n * classes + label] = 1;
    for (let i = 0; i < size; i++) {
      const [row, column, channel] = [
        Math.floor(i / (width * channels)),
        Math.floor(i / channels) % width,
        i % channels,
      ];
      const square = (Math.floor(row / 4) * columns + Math.floor(column / 4)) * channels + channel;
      const brightness = (1 + pattern[label * patternSize + square]!) / 2;
      x[n * size + i] = brightness * unit(seed + 2, (first + n) * size + i);
    }
  }
  return { x, y };
}
