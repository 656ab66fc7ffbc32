// The numbers that all contestants compute with: the same in every peer, and without a file to keep.

export interface ArraySpec {
  readonly shape: readonly number[];
  /** Uniform between these; default: -1 and 1. */
  readonly low?: number;
  readonly high?: number;
  /** Rows of one 1 among zeros instead. */
  readonly oneHot?: boolean;
}

export type ArraySpecs = Readonly<Record<string, ArraySpec>>;

/** The values of the array of this name: a linear congruential generator, seeded by the name. */
export function valuesOf(name: string, { shape, low = -1, high = 1, oneHot = false }: ArraySpec): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  let state = new TextEncoder().encode(name).reduce((hash, byte) => (Math.imul(hash, 31) + byte) >>> 0, 1);
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  if (!oneHot) return Float32Array.from({ length: size }, () => low + (high - low) * uniform());
  const classes = shape.at(-1)!;
  const values = new Float32Array(size);
  for (let row = 0; row < size; row += classes) values[row + Math.floor(uniform() * classes)] = 1;
  return values;
}

/** Uniform within ±√(6/(inputs + outputs)) (Glorot and Bengio 2010). */
const glorot = (shape: readonly number[], inputs: number, outputs: number): ArraySpec => {
  const high = Math.sqrt(6 / (inputs + outputs));
  return { shape, low: -high, high };
};

const conv = (name: string, channels: number, filters: number): ArraySpecs => ({
  [`${name}/kernel`]: glorot([3, 3, channels, filters], 9 * channels, 9 * filters),
  [`${name}/bias`]: { shape: [filters], low: -0.1, high: 0.1 },
});

const dense = (name: string, inputs: number, units: number): ArraySpecs => ({
  [`${name}/kernel`]: glorot([inputs, units], inputs, units),
  [`${name}/bias`]: { shape: [units], low: -0.1, high: 0.1 },
});

const norm = (name: string, channels: number): ArraySpecs => ({
  [`${name}/gamma`]: { shape: [channels], low: 0.5, high: 1.5 },
  [`${name}/beta`]: { shape: [channels], low: -0.5, high: 0.5 },
  [`${name}/mean`]: { shape: [channels], low: -0.5, high: 0.5 },
  [`${name}/variance`]: { shape: [channels], low: 0.5, high: 1.5 },
});

/** The weights of networks.mjs in Keras's order. */
export const weights = {
  tutorial: {
    ...conv("conv1", 1, 32),
    ...norm("norm1", 32),
    ...conv("conv2", 32, 64),
    ...norm("norm2", 64),
    ...dense("dense1", 9216, 128),
    ...norm("norm3", 128),
    ...dense("dense2", 128, 10),
  },
  mlp: {
    ...dense("dense1", 784, 64),
    ...norm("norm1", 64),
    ...dense("dense2", 64, 64),
    ...norm("norm2", 64),
    ...dense("dense3", 64, 10),
  },
} satisfies Record<string, ArraySpecs>;
