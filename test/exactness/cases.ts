import { uniform } from "../golden/generator.ts";

export type NormName = "batch" | "layer" | "rms" | "group" | "instance";

/** Data for one norm: S has `elements` values, and there are a few of them. */
export interface Case {
  readonly id: string;
  readonly norm: NormName;
  /** What is special about x, in words. */
  readonly input: string;
  readonly shape: readonly number[];
  readonly epsilon: number;
  /** Of group normalization; instance normalization has as many channels. */
  readonly groups: number;
  readonly values: Values;
}

export interface Inputs {
  readonly x: Float32Array;
  readonly dy: Float32Array;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
}

interface Values {
  readonly mean: number;
  readonly deviation: number;
  readonly elements: number;
  /** What the first value of each S is instead. */
  readonly first?: number;
}

export const groups = 2;
const channelsOfGroups = 8;
const ordinary: Values = { mean: 0, deviation: 1, elements: 4096 };

const inputs: Readonly<Record<string, Values>> = {
  "mean 0": ordinary,
  "mean 1e3": { ...ordinary, mean: 1e3 },
  "mean 1e4": { ...ordinary, mean: 1e4 },
  "mean 1e5": { ...ordinary, mean: 1e5 },
  "all values alike": { ...ordinary, mean: 1234.5678, deviation: 0 },
  "first value 1e4": { ...ordinary, first: 1e4 },
  "a million values": { ...ordinary, mean: 10, elements: 1_000_000 },
  "deviation 1e-15": { ...ordinary, deviation: 1e-15 },
  "deviation 1e18": { ...ordinary, deviation: 1e18 },
};

/** The shape, channels last, in which so many sets S have so many elements each. */
const shapes: Readonly<Record<NormName, (elements: number, sets: number) => readonly number[]>> = {
  batch: (elements, sets) => [elements, sets],
  layer: (elements, sets) => [sets, elements],
  rms: (elements, sets) => [sets, elements],
  group: (elements, sets) => [sets / groups, (elements * groups) / channelsOfGroups, channelsOfGroups],
  instance: (elements, sets) => [sets / groups, elements, groups],
};

export const norms = Object.keys(shapes) as NormName[];

export const cases: readonly Case[] = norms.flatMap((norm) =>
  Object.entries(inputs).map(([input, values]) => ({
    id: `${norm}, ${input}`,
    norm,
    input,
    shape: shapes[norm](values.elements, values.elements > 10_000 ? 2 : 4),
    epsilon: norm === "rms" ? 1e-6 : 1e-3,
    groups,
    values,
  })),
);

/** x uniform around its mean with that deviation, dy in [-1, 1), γ in [0.5, 1.5), β in [-1, 1); all in float32. */
export function inputsOf({ norm, shape, values }: Case): Inputs {
  const spread = Math.sqrt(3) * values.deviation;
  const x = uniform(1, shape, values.mean - spread, values.mean + spread);
  const seen = new Set<number>();
  for (let i = 0; values.first !== undefined && i < x.length; i++) {
    const set = setOf(norm, shape, i);
    if (!seen.has(set)) x[i] = values.first;
    seen.add(set);
  }
  const parameters = [shape.at(-1)!];
  return {
    x,
    dy: uniform(2, shape),
    gamma: uniform(3, parameters, 0.5, 1.5),
    beta: uniform(4, parameters),
  };
}

/** The number of the set S that value `i` of x belongs to. */
export function setOf(norm: NormName, shape: readonly number[], i: number): number {
  const channels = shape.at(-1)!;
  if (norm === "batch") return i % channels;
  if (norm === "layer" || norm === "rms") return Math.floor(i / channels);
  return sampleOf(shape, i) * groups + Math.floor(((i % channels) * groups) / channels);
}

const sampleOf = ([, places, channels]: readonly number[], i: number): number => Math.floor(i / (places! * channels!));
