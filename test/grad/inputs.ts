import * as ek from "evenkeel";

/** Normal numbers, fixed by the shape and the seed. */
export const normal = (shape: number[], seed = 1): ek.Tensor => ek.randomNormal(shape, 0, 1, "float32", seed);

/** From 0.3 to 1.8: for roots, logarithms and quotients. */
export const positive = (shape: number[], seed = 1): ek.Tensor => ek.randomUniform(shape, 0.3, 1.8, "float32", seed);

/** Both signs, at least 0.3 from 0: the kinks of abs and relu are out of reach. */
export function awayFromZero(shape: number[], seed = 1): ek.Tensor {
  const signs = ek.sign(normal(shape, seed + 100));
  return ek.mul(signs, positive(shape, seed));
}

/** All values at least 0.2 apart, in random order: no maximum changes hands. */
export function apart(shape: number[], seed = 1): ek.Tensor {
  const order = [...normal(shape, seed).dataSync()].map((value, i) => [value, i] as const);
  const places = order.toSorted(([a], [b]) => a - b).map(([, i]) => i);
  const values = new Float32Array(order.length);
  places.forEach((place, rank) => (values[place] = 0.2 * (rank - order.length / 2)));
  return ek.tensor(values, shape);
}

/** Small values whose products stay below 2; with a bias of ±3 the kink of relu is out of reach. */
export const small = (shape: number[], seed = 1): ek.Tensor => ek.randomUniform(shape, -0.3, 0.3, "float32", seed);

export const plusMinus3 = (size: number): ek.Tensor =>
  ek.tensor(Float32Array.from({ length: size }, (_, i) => (i % 2 ? 3 : -3)));
