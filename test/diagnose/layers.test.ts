import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";
import { dense, finding, norm, normal, problems, quiet, settled } from "./find.ts";

beforeEach(() => ek.setSeed(11));

const { layers } = ek;

describe("dropout-before-norm", () => {
  const model = (...all: ek.Layer[]) => settled(ek.sequential(all), normal(512, 40));

  it("measures the variance shift", async () => {
    // E[x²] = 1 + 4, which a rate of 0.5 doubles: the variance goes from 1 to 10 − 4 = 6.
    const x = ek.add(normal(512, 40), 2);
    const dropped = await model(layers.dropout({ rate: 0.5, name: "drop" }), norm());
    const found = await finding(dropped, x, "dropout-before-norm");
    expect(found.layer).toBe("norm");
    expect(found.value).toBeGreaterThan(5.5);
    expect(found.value).toBeLessThan(6.5);
    expect(found.message).toContain("drop before it");
    // Masks go on from batch to batch.
    const { layers: small } = await ek.diagnose(dropped, x, { ...quiet, batchSize: 2 });
    const shifts = small[1]!.norm!.varianceShift;
    expect(shifts.reduce((sum, shift) => sum + shift, 0) / 40).toBeCloseTo(found.value, 0);
  });

  it("sees it through layers between, not behind another normalization or the last", async () => {
    const [first, second] = [norm(), norm({ name: "second" })];
    const x = normal(512, 40);
    const through = await model(
      layers.dropout({ rate: 0.5 }),
      dense(16, { activation: "relu" }),
      first,
      dense(9),
      second,
    );
    expect(await problems(through, x)).toEqual([
      "dropout-before-norm in norm",
      expect.stringContaining("useless-bias"),
    ]);
    expect(await problems(await model(norm(), layers.dropout({ rate: 0.5 }), dense(3)), x)).toEqual([]);
    expect(await problems(await model(layers.dropout({ rate: 0.02 }), norm()), x)).toEqual([]);
  });
});

describe("constant-channels", () => {
  it("counts channels whose variance is far below ε", async () => {
    const x = ek.mul(ek.add(normal(100, 4), 3), [1, 0, 1, 1e-3]);
    const model = await settled(ek.sequential([norm()]), x);
    expect(await finding(model, x, "constant-channels")).toMatchObject({ layer: "norm", value: 0.5 });
    const fine = ek.mul(x, [1, 0, 1, 10]);
    expect((await finding(await settled(model, fine), fine, "constant-channels")).value).toBe(0.25);
    expect(await problems(await settled(model, normal(100, 4)), normal(100, 4))).toEqual([]);
  });
});

describe("gamma-near-zero", () => {
  it("counts channels of a γ far below the others", async () => {
    const x = normal(100, 4);
    const layer = norm();
    const model = await settled(ek.sequential([layer]), x);
    const [, ...others] = layer.getWeights();
    layer.setWeights([[0.2, 0.0015, -0.2, 0.1], ...others]);
    expect(await finding(model, x, "gamma-near-zero")).toMatchObject({ severity: "note", value: 0.25 });
    layer.setWeights([[0, 0, 0, 0], ...others]);
    expect(await finding(model, x, "gamma-near-zero")).toMatchObject({ severity: "warning", value: 1 });
    layer.setWeights([[0.02, -0.03, 0.02, 0.01], ...others]);
    expect(await problems(model, x)).toEqual([]);
  });
});

describe("units", () => {
  /** Units whose inputs are moved by `biases`. */
  function shifted(biases: number[], options: object, ...behind: ek.Layer[]): ek.Sequential {
    const first = dense(biases.length, { name: "first", inputShape: [3], ...options });
    const model = ek.sequential([first, ...behind]);
    first.setWeights([first.getWeights()[0]!, biases]);
    return model;
  }

  it("finds ReLU units that are 0 for all samples", async () => {
    const model = shifted([0, -100, 0, 0], { activation: "relu" }, dense(2));
    expect(await finding(model, normal(100, 3), "dead-units")).toMatchObject({ layer: "first", value: 0.25 });
    const all = shifted([-100, -100], { activation: "relu" }, dense(2));
    expect(await finding(all, normal(100, 3), "dead-units")).toMatchObject({ severity: "error", value: 1 });
    expect(await problems(shifted([0, 0, 0, 0], { activation: "relu" }, dense(2)), normal(100, 3))).toEqual([]);
  });

  it("finds dead channels of either layout, and of activation layers", async () => {
    for (const dataFormat of ["channelsLast", "channelsFirst"]) {
      const first = layers.conv2d({
        filters: 4,
        kernelSize: 2,
        activation: "relu6",
        dataFormat,
        inputShape: [5, 5, 5],
      });
      const model = ek.sequential([first, layers.flatten(), dense(2)]);
      first.setWeights([first.getWeights()[0]!, [0, 0, 0, -99]]);
      expect((await finding(model, normal(32, 5, 5, 5), "dead-units")).value).toBe(0.25);
    }
    const apart = shifted([0, -100], {}, layers.activation({ activation: "relu", name: "relu" }), dense(1));
    expect((await finding(apart, normal(100, 3), "dead-units")).layer).toBe("relu");
  });

  it.each(["sigmoid", "tanh"])("finds %s units at their ends, but not at the output", async (activation) => {
    const model = shifted([0, 50, -50, 0], { activation }, dense(2));
    expect(await finding(model, normal(100, 3), "saturated-units")).toMatchObject({ layer: "first", value: 0.5 });
    expect(await problems(shifted([0, 0], { activation }, dense(2)), normal(100, 3))).toEqual([]);
    expect((await problems(shifted([50, 50], { activation }), normal(100, 3))).join()).not.toContain("saturated");
  });
});

describe("useless-bias", () => {
  it.each([
    ["a dense layer", () => [dense(4, { name: "first" }), norm()], true],
    ["one without a bias", () => [dense(4, { useBias: false }), norm()], false],
    ["one with an activation", () => [dense(4, { activation: "relu" }), norm()], false],
    ["a frozen normalization", () => [dense(4, { trainable: false }), norm({ trainable: false })], false],
  ] as const)("looks at %s", async (_, make, found) => {
    const x = normal(64, 3);
    const model = await settled(ek.sequential(make()), x);
    if (!found) expect((await problems(model, x)).join()).not.toContain("useless-bias");
    else expect(await finding(model, x, "useless-bias")).toMatchObject({ layer: "first", severity: "note", value: 4 });
  });

  it.each([
    ["channelsLast", -1, true],
    ["channelsLast", 3, true],
    ["channelsLast", 1, false],
    ["channelsFirst", 1, true],
    ["channelsFirst", -1, false],
  ] as const)("of a convolution with %s before axis %i: %s", async (dataFormat, axis, found) => {
    const x = normal(16, 4, 4, 4);
    const convolution = layers.conv2d({ filters: 2, kernelSize: 2, dataFormat, name: "first" });
    const model = await settled(ek.sequential([convolution, norm({ axis })]), x);
    expect(await problems(model, x)).toEqual(found ? ["useless-bias in first"] : []);
  });
});
