import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";
import { dense, normal, problems, quiet } from "./find.ts";

beforeEach(() => ek.setSeed(11));

type Initializer = NonNullable<Parameters<typeof ek.layers.dense>[0]["kernelInitializer"]>;

describe("gradients", () => {
  const deep = (depth: number, kernelInitializer: Initializer, activation: string) =>
    ek.sequential(
      Array.from({ length: depth }, (_, i) => dense(64, { kernelInitializer, activation, name: `dense${i}` })),
    );
  const scaled = (scale: number) => ek.initializers.varianceScaling({ scale });
  const x = () => normal(64, 64);

  it("finds one that vanishes towards the input, and not where it is kept", async () => {
    const found = await problems(deep(8, scaled(1), "sigmoid"), x());
    expect(found[0]).toBe("vanishing-gradient in dense0");
    expect(found).not.toContain("vanishing-gradient in dense6");
    const kept = await problems(deep(8, scaled(2), "relu"), x());
    expect(kept.join()).not.toContain("gradient");
  });

  it("finds one that explodes towards the input", async () => {
    // Weights of this size make tanh networks chaotic (Schoenholz et al. 2017): nothing grows forward, but backward.
    const { findings } = await ek.diagnose(deep(30, scaled(25), "tanh"), x(), quiet);
    const exploding = findings.filter(({ problem }) => problem === "exploding-gradient").map(({ layer }) => layer);
    expect(exploding).toContain("dense0");
    expect(exploding).not.toContain("dense25");
  });

  it("finds those of a loss that are far larger than the weights, or not finite", async () => {
    const model = deep(8, scaled(30), "relu");
    model.compile({ optimizer: "sgd", loss: "mse" });
    const exploding = async (options: ek.DiagnoseOptions) =>
      (await problems(model, x(), options)).filter((text) => text.startsWith("exploding")).length;
    expect(await exploding({})).toBe(0);
    expect(await exploding({ y: x() })).toBe(8);
    const { findings } = await ek.diagnose(deep(8, scaled(1e12), "relu"), x(), quiet);
    expect(findings).toContainEqual(
      expect.objectContaining({ layer: "dense0", problem: "exploding-gradient", severity: "error" }),
    );
  });

  it("measures those of the loss where targets come", async () => {
    const first = dense(1, { useBias: false, inputShape: [2] });
    const model = ek.sequential([first]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    first.setWeights([[[3], [4]]]);
    const x = [
      [1, 0],
      [0, 2],
    ];
    const { layers: measured } = await ek.diagnose(model, x, { ...quiet, y: [[1], [2]] });
    // Mean over 2 samples of (wx − t)²: gradients (3 − 1)·1 and (8 − 2)·2.
    expect(measured[0]!.weightRms).toBeCloseTo(Math.sqrt(25 / 2), 6);
    expect(measured[0]!.gradientRms).toBeCloseTo(Math.sqrt((4 + 144) / 2), 6);
    expect(measured[0]!.gradientRatio).toBeCloseTo(Math.sqrt(148 / 25), 6);
    // A penalty joins the loss, as in training: 2·0.5·w is added.
    const penalized = dense(1, { useBias: false, inputShape: [2], kernelRegularizer: ek.regularizers.l2(0.5) });
    const second = ek.sequential([penalized]);
    second.compile({ optimizer: "sgd", loss: "mse" });
    penalized.setWeights([[[3], [4]]]);
    const withPenalty = await ek.diagnose(second, x, { ...quiet, y: [[1], [2]] });
    expect(withPenalty.layers[0]!.gradientRms).toBeCloseTo(Math.sqrt((25 + 256) / 2), 5);
  });

  it("finds layers that get none", async () => {
    const [first, dead] = [
      dense(3, { name: "first", inputShape: [3] }),
      dense(2, { name: "dead", activation: "relu" }),
    ];
    const model = ek.sequential([first, dead, dense(1, { name: "last" })]);
    dead.setWeights([dead.getWeights()[0]!, [-99, -99]]);
    const found = await problems(model, normal(50, 3));
    expect(found).toEqual(expect.arrayContaining(["vanishing-gradient in first", "vanishing-gradient in dead"]));
    expect(found).not.toContain("vanishing-gradient in last");
  });
});
