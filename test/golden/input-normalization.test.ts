import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { uniform } from "./generator.ts";
import { decode, expectClose, type Reference, readGoldens } from "./goldens.ts";

interface Case {
  seed: number;
  axis: number | number[] | null;
  shape: number[];
  low: number;
  high: number;
  mean?: number | number[] | number[][];
  variance?: number | number[] | number[][];
  /** As Keras writes it. */
  config: Record<string, unknown>;
  statistics: { mean: Reference; variance: Reference };
  normalized: Reference;
  inverted: Reference;
}

const { cases } = readGoldens("input-normalization") as { cases: Case[] };
const name = ({ axis, shape, mean }: Case): string =>
  `axis ${JSON.stringify(axis)} of ${JSON.stringify(shape)}${mean === undefined ? "" : ", given"}`;

/** The mean is kept in float32, which at 1e5 is off by up to 0.004: by that much of a deviation. */
const toleranceOf = ({ low }: Case): number => (low > 1e4 ? 4e-3 : 1e-5);

describe("normalization agrees with Keras", () => {
  it.each(cases.map((one) => [name(one), one] as const))("%s", async (_, one) => {
    const { seed, axis, shape, low, high, mean, variance, statistics } = one;
    const x = ek.tensor(uniform(seed, shape, low, high), shape);
    for (const invert of [false, true]) {
      const layer = ek.layers.normalization({ axis, mean, variance, invert });
      if (mean === undefined) {
        await layer.adapt(x);
        const [m, v, count] = layer.getWeights();
        expect([m!.shape, v!.shape, count!.shape]).toEqual([statistics.mean.shape, statistics.variance.shape, []]);
        expectClose("mean", m!.dataSync(), decode(statistics.mean), 1e-7);
        expectClose("variance", v!.dataSync(), decode(statistics.variance), 1e-6);
      }
      const [same, other] = invert ? [one.inverted, one.normalized] : [one.normalized, one.inverted];
      expectClose("apply", layer.apply(x).dataSync(), decode(same), toleranceOf(one));
      expectClose("inverse", layer.inverse(x).dataSync(), decode(other), toleranceOf(one));
    }
  });

  it.each(cases.map((one) => [name(one), one] as const))("%s, from its config", (_, one) => {
    const layer = ek.layers.deserialize({ class_name: "Normalization", config: one.config });
    const x = ek.tensor(uniform(one.seed, one.shape, one.low, one.high), one.shape);
    layer.build(one.shape);
    if (one.mean === undefined) {
      // As Keras's files have it: it counts nothing.
      const tensors = [one.statistics.mean, one.statistics.variance].map((each) =>
        ek.tensor(Float32Array.from(decode(each)), each.shape),
      );
      layer.setWeights([...tensors, 0]);
    }
    expectClose("apply", layer.apply(x).dataSync(), decode(one.normalized), toleranceOf(one));
    const { axis, invert, mean, variance } = one.config;
    expect(layer.getConfig()).toMatchObject({ invert, ...(one.mean === undefined && { mean, variance }) });
    expect([layer.getConfig().axis].flat()).toEqual((axis as number[]).length === 0 ? [null] : axis);
  });
});
