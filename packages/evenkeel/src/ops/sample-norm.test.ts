import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { checkGradients } from "../../../../test/grad/finite-differences.ts";
import { normal, positive } from "../../../../test/grad/inputs.ts";
import { normalizeSamples, sampleMoments } from "./sample-norm.ts";

/** Means and biased variances of the channels of each sample, in float64; channels last. */
function naiveMoments(x: ek.Tensor): { means: number[]; variances: number[] } {
  const [samples, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const [values, space] = [x.dataSync(), x.size / samples / channels];
  const [means, variances]: [number[], number[]] = [[], []];
  for (let n = 0; n < samples; n++) {
    for (let c = 0; c < channels; c++) {
      const own = Array.from({ length: space }, (_, i) => values[(n * space + i) * channels + c]!);
      const mean = own.reduce((sum, value) => sum + value, 0) / space;
      means.push(mean);
      variances.push(own.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / space);
    }
  }
  return { means, variances };
}

const meanOf = ({ shift, mean }: { shift: ek.Tensor; mean: ek.Tensor }): number[] => {
  const rest = mean.dataSync();
  return Array.from(shift.dataSync(), (value, i) => value + rest[i]!);
};

describe("sampleMoments", () => {
  it.each([0, 1e4, 1e5])("are those of each channel of each sample at mean %d, to the digits of float64", (mean) => {
    const x = ek.randomNormal([3, 5, 7, 6], mean, 1, "float32", 4);
    const { means, variances } = naiveMoments(x);
    for (const [given, axis] of [
      [x, 3],
      [ek.transpose(x, [0, 3, 1, 2]), 1],
    ] as const) {
      const moments = sampleMoments(given, axis);
      meanOf(moments).forEach((value, i) => expect(Math.abs(value - means[i]!)).toBeLessThan(1e-6));
      moments.variance.dataSync().forEach((value, i) => expect(value / variances[i]! - 1).toBeCloseTo(0, 5));
    }
  });

  it("have the gradients of finite differences", () => {
    for (const axis of [1, -1]) {
      const x = normal([2, 4, 3, 5]);
      checkGradients(
        (x) => {
          const { mean, shift, variance } = sampleMoments(x, axis);
          return ek.concat([ek.add(mean, shift), variance], 1);
        },
        [x],
      );
      checkGradients((x) => sampleMoments(x, axis).variance, [x]);
    }
  });

  it("are 0 where there is nothing", () => {
    expect(sampleMoments(ek.zeros([2, 0, 3]), -1).variance.arraySync()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(sampleMoments(ek.zeros([0, 4, 3]), -1).mean.shape).toEqual([0, 3]);
    expect(normalizeSamples(ek.zeros([2, 0, 3]), -1, ones()).shape).toEqual([2, 0, 3]);
    expect(normalizeSamples(ek.zeros([0, 2, 3]), -1, ones()).shape).toEqual([0, 2, 3]);
  });
});

const ones = () => ({ mean: ek.ones([3]), scale: ek.ones([3]), offset: ek.ones([3]) });

describe("normalizeSamples", () => {
  it.each([0, 1e5])("takes off the mean and scales at mean %d, whatever rounding took from the mean", (mean) => {
    const x = ek.randomNormal([2, 9, 3], mean, 1, "float32", 5);
    const { means, variances } = naiveMoments(x);
    const { shift, mean: rest, variance } = sampleMoments(x, -1);
    const y = normalizeSamples(x, -1, { shift, mean: rest, scale: ek.rsqrt(variance), offset: ek.zeros([3]) });
    const values = x.dataSync();
    y.dataSync().forEach((value, i) => {
      const place = Math.floor(i / 27) * 3 + (i % 3);
      expect(Math.abs(value - (values[i]! - means[place]!) / Math.sqrt(variances[place]!))).toBeLessThan(2e-6);
    });
  });

  it("has the gradients of finite differences, also of what is broadcast", () => {
    const shift = ek.tensor([0.5, -0.25, 1]);
    const inputs = [normal([2, 3], 3), positive([2, 3], 4), normal([3], 5)];
    for (const [axis, shape] of [
      [1, [2, 3, 4, 2]],
      [-1, [2, 5, 3]],
    ] as const) {
      const f = (x: ek.Tensor, mean: ek.Tensor, scale: ek.Tensor, offset: ek.Tensor) =>
        normalizeSamples(x, axis, { shift, mean, scale, offset });
      checkGradients(f, [normal([...shape]), ...inputs]);
    }
  });
});
