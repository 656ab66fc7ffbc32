import * as ek from "evenkeel";

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, axis) => size * axis, 1);

/** Normal numbers around `mean`, fixed by the seed. */
export function normals(shape: readonly number[], seed: number, mean = 0, stddev = 1): ek.Tensor {
  return ek.randomNormal([...shape], mean, stddev, "float32", seed);
}

/** Whole numbers from −limit to limit: sums and products of few of them are exact in float32. */
export function wholes(shape: readonly number[], seed: number, limit = 4): ek.Tensor {
  const values = ek.tidy(() => ek.randomUniform([...shape], -limit, limit + 1, "float32", seed).dataSync());
  return ek.tensor(values.map(Math.floor), [...shape]);
}

/** Values on a grid of 1/64 in [−4, 4]: adding whole numbers and multiplying by powers of two is exact. */
export function onGrid(shape: readonly number[], seed: number): ek.Tensor {
  return ek.tidy(() => {
    const values = ek.randomUniform([...shape], -256, 256, "float32", seed).dataSync();
    return ek.tensor(
      values.map((value) => Math.round(value) / 64),
      [...shape],
    );
  });
}

/** Σ a·b over all places, in float64. */
export function dot(a: ek.Tensor, b: ek.Tensor): number {
  const [x, y] = [a.dataSync(), b.dataSync()];
  return x.reduce((sum, value, i) => sum + value * y[i]!, 0);
}

/** The largest |a − b| over all places; Infinity when shapes differ or a value is not finite. */
export function distance(a: ek.Tensor, b: ek.Tensor): number {
  if (a.shape.join() !== b.shape.join()) return Infinity;
  const [x, y] = [a.dataSync(), b.dataSync()];
  const largest = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i]!)), 0);
  return Number.isNaN(largest) ? Infinity : largest;
}

/** The index of each axis for a place in a row-major tensor. */
export function indicesOf(place: number, shape: readonly number[]): number[] {
  const indices: number[] = [];
  for (const size of shape.toReversed()) {
    indices.unshift(place % size);
    place = Math.floor(place / size);
  }
  return indices;
}

/** The place of these indices in a row-major tensor. */
export function placeOf(indices: readonly number[], shape: readonly number[]): number {
  return shape.reduce((place, size, axis) => place * size + indices[axis]!, 0);
}
