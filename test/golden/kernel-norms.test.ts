import * as ek from "evenkeel";
import { describe, expect, test } from "vitest";
import { uniform } from "./generator.ts";
import { decode, expectClose, type Reference, readGoldens } from "./goldens.ts";

interface Case {
  layer: "dense" | "conv2d" | "depthwiseConv2d";
  options: object;
  kernelNormalization: { type: string };
  seed: number;
  xShape: number[];
  y: Reference;
  /** By the name of the weight; "x" is the input. */
  gradients: Record<string, Reference>;
  /** u and v after the call. */
  after: Record<string, Reference>;
}

const { cases } = readGoldens("kernel-norms") as { cases: Case[] };
const title = ({ layer, options, kernelNormalization }: Case): string =>
  `${layer} ${JSON.stringify(options)} ${JSON.stringify(kernelNormalization)}`;

const nameOf = (weight: ek.Variable): string => weight.name.split("/")[1]!;

/** Weights from the generator, in the order of the layer; vectors of length 1. */
function fill(layer: ek.Layer, seed: number): void {
  const values = layer.weights.map((weight, i) => {
    const drawn = uniform(seed + 1 + i, weight.shape);
    const length = Math.sqrt(drawn.reduce((sum, value) => sum + value * value, 0));
    const one = nameOf(weight).startsWith("vector") ? drawn.map((value) => value / length) : drawn;
    return ek.tensor(one, weight.shape);
  });
  layer.setWeights(values);
}

describe("layers with a normalized kernel", () => {
  test.each(cases.map((one) => [title(one), one] as const))("%s", (_, one) => {
    const factory = ek.layers[one.layer] as (options: object) => ek.Layer;
    const layer = factory({ ...one.options, kernelNormalization: one.kernelNormalization });
    const x = ek.variable(ek.tensor(uniform(one.seed, one.xShape), one.xShape), { name: "x" });
    layer.build(one.xShape);
    fill(layer, one.seed);
    const vectors = layer.nonTrainableWeights;
    expect(vectors.map(nameOf)).toEqual(Object.keys(one.after));

    const dy = ek.tensor(uniform(one.seed + 99, one.y.shape), one.y.shape);
    let y = ek.zeros([0]);
    const loss = (): ek.Tensor => {
      y = ek.keep(layer.apply(x, { training: true }));
      return ek.sum(ek.mul(y, dy));
    };
    const { grads } = ek.variableGrads(loss, [x, ...layer.trainableWeights]);
    expectClose("y", y.dataSync(), decode(one.y));
    expect(y.shape).toEqual(one.y.shape);
    const named = Object.entries(grads).map(([name, gradient]) => [name.split("/").at(-1)!, gradient] as const);
    expect(named.map(([name]) => name)).toEqual(Object.keys(one.gradients));
    for (const [name, gradient] of named) {
      expectClose(`gradient of ${name}`, gradient.dataSync(), decode(one.gradients[name]!));
    }
    for (const vector of vectors) {
      expectClose(vector.name, vector.dataSync(), decode(one.after[nameOf(vector)]!));
    }
    // Inference computes the same, and moves nothing.
    const moved = vectors.map((vector) => vector.dataSync());
    expect(layer.apply(x).dataSync()).toEqual(y.dataSync());
    expect(vectors.map((vector) => vector.dataSync())).toEqual(moved);
  });
});
