import * as ek from "evenkeel";
import { expect } from "vitest";

const { layers } = ek;
export const quiet = { print: false } as const;

export const norm = (options: object = {}) => layers.batchNormalization({ name: "norm", ...options });
export const dense = (units: number, options: object = {}) => layers.dense({ units, ...options });
export const normal = (...shape: number[]): ek.Tensor => ek.randomNormal(shape);

/** "problem in layer" of all findings. */
export async function problems(
  model: ek.Sequential,
  x: ek.SamplesLike,
  options: ek.DiagnoseOptions = {},
): Promise<string[]> {
  const { findings } = await ek.diagnose(model, x, { ...quiet, ...options });
  return findings.map(({ problem, layer }) => `${problem} in ${layer}`);
}

/** The one finding of a problem. */
export async function finding(model: ek.Sequential, x: ek.SamplesLike, problem: string): Promise<ek.Finding> {
  const { findings } = await ek.diagnose(model, x, quiet);
  const found = findings.filter((one) => one.problem === problem);
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** The model with the statistics of x in all its layers. */
export async function settled(model: ek.Sequential, x: ek.Tensor): Promise<ek.Sequential> {
  await ek.stats.recalibrate(model, x);
  return model;
}
