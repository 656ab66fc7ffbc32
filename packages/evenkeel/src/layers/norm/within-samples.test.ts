import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const values = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.fround((i * 37) % 11));
const images = (shape: number[]): ek.Tensor => ek.tensor(values(shape.reduce((a, b) => a * b, 1)), shape);

describe("layerNormalization", () => {
  it("gives each sample mean 0 and variance v/(v + epsilon)", () => {
    const y = ek.layers.layerNormalization({ epsilon: 0.5 }).apply(images([4, 10]));
    const { mean, variance } = ek.moments(y, 1);
    const before = ek.moments(images([4, 10]), 1).variance.dataSync();
    for (const value of mean.dataSync()) expect(Math.abs(value)).toBeLessThan(1e-6);
    variance.dataSync().forEach((value, i) => expect(value).toBeCloseTo(before[i]! / (before[i]! + 0.5), 5));
  });

  it("has gamma and beta with the sizes of its axes, as Keras names them", () => {
    const layer = ek.layers.layerNormalization({ axis: [1], name: "ln" });
    layer.build([null, 4, 5]);
    expect(layer.weights.map(({ name, shape }) => [name, shape])).toEqual([
      ["ln/gamma", [4]],
      ["ln/beta", [4]],
    ]);
  });

  it("does not let a sample see another, nor training", () => {
    const layer = ek.layers.layerNormalization();
    const [alone, together] = [images([1, 6]), images([3, 6])];
    expect(layer.apply(together, { training: true }).dataSync().slice(0, 6)).toEqual(layer.apply(alone).dataSync());
  });

  it("takes no samples and no elements", () => {
    expect(ek.layers.layerNormalization().apply(ek.zeros([0, 3])).shape).toEqual([0, 3]);
    const { grads } = ek.variableGrads(() => ek.sum(ek.layerNorm(ek.zeros([0, 3]), { gamma: gamma(3) })));
    expect(Object.values(grads).map((grad) => [...grad.dataSync()])).toEqual([[0, 0, 0]]);
  });
});

function gamma(size: number): ek.Variable {
  return (kept ??= ek.variable(ek.ones([size])));
}
let kept: ek.Variable | undefined;

describe("rmsNormalization", () => {
  it("divides by the root of the mean square, with one weight called scale", () => {
    const layer = ek.layers.rmsNormalization({ epsilon: 0, name: "rms" });
    expect([...layer.apply([[3, -4, 0, 0]]).dataSync()]).toEqual([1.2, -1.6, 0, 0].map(Math.fround));
    expect(layer.weights.map(({ name }) => name)).toEqual(["rms/scale"]);
  });
});

describe("groupNormalization", () => {
  it("with one group is layer normalization over all but the batch", () => {
    const x = images([2, 3, 4, 6]);
    const y = ek.groupNorm(x, { groups: 1 }).dataSync();
    ek.layerNorm(x, { axis: [1, 2, 3] })
      .dataSync()
      .forEach((value, i) => expect(y[i]).toBeCloseTo(value, 5));
  });

  it("is the same with channels first", () => {
    const x = images([2, 3, 4, 6]);
    const first = ek.groupNorm(ek.transpose(x, [0, 3, 1, 2]), { groups: 3, axis: 1 });
    const last = ek.groupNorm(x, { groups: 3 }).dataSync();
    ek.transpose(first, [0, 2, 3, 1])
      .dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(last[i]!, 5));
  });

  it("says which groups do not fit", () => {
    expect(() => ek.layers.groupNormalization().build([null, 4, 4, 48])).toThrow(
      "groupNormalization: 32 groups of 48 channels; use a number that divides them, or -1",
    );
    expect(() => ek.groupNorm(images([4, 6]), { axis: 0 })).toThrow("groupNorm: axis 0 of [4, 6] is the batch");
    expect(() => ek.layers.groupNormalization({ groups: 0 })).toThrow("groupNormalization: groups is 0");
  });

  it("takes an empty batch", () => {
    expect(ek.groupNorm(ek.zeros([0, 2, 2, 4]), { groups: 2 }).shape).toEqual([0, 2, 2, 4]);
  });
});

it("gamma and beta of another shape are errors that say the right one", () => {
  expect(() => ek.layerNorm(images([2, 6]), { gamma: [1, 1] })).toThrow("layerNorm: gamma is [2]; use [6]");
  expect(() => ek.groupNorm(images([2, 6]), { groups: 2, beta: [1] })).toThrow("groupNorm: beta is [1]; use [6]");
});
