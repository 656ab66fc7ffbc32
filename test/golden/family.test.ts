import * as ek from "evenkeel";
import { describe, expect, test } from "vitest";
import { uniform } from "./generator.ts";
import { decode, expectClose, type Reference, readGoldens } from "./goldens.ts";

// Layers of the normalization family against float64: one call's output, gradients and moving statistics.

interface Input {
  shape: number[];
  seed: number;
  low: number;
  high: number;
}

interface Case {
  layer: string;
  note: string;
  options: object;
  training: boolean;
  /** x, and the second input of layers that have one. */
  inputs: Input[];
  weights: Input[];
  moving: Input[];
  dySeed: number;
  output: Reference;
  /** Of the inputs, then of the weights. */
  gradients: Reference[];
  /** The moving statistics after the call. */
  moved: Reference[];
}

const { cases } = readGoldens("family") as { cases: Case[] };

describe.each([...new Set(cases.map(({ layer }) => layer))])("%s", (name) => {
  const own = cases.filter(({ layer }) => layer === name);
  test.each(own.map((one) => [nameOf(one), one] as const))("%s", (_, one) => {
    const make = (ek.layers as unknown as Record<string, (options: object) => ek.Layer>)[one.layer]!;
    const layer = make(one.options);
    const [x, condition] = one.inputs.map((input) => ek.variable(tensorOf(input)));
    layer.build(x!.shape);
    layer.setWeights([...one.weights, ...one.moving].map(tensorOf));
    const { training } = one;
    const apply = (): ek.Tensor => layer.apply(x!, condition === undefined ? { training } : { training, condition });
    const y = apply();
    expect(y.shape).toEqual(one.output.shape);
    expectClose("output", y.dataSync(), decode(one.output));
    layer.nonTrainableWeights.forEach((weight, i) => {
      expectClose(weight.name, weight.dataSync(), decode(one.moved[i]!), 1e-6);
    });
    const dy = ek.tensor(uniform(one.dySeed, y.shape), y.shape);
    const variables = [x!, ...(condition === undefined ? [] : [condition]), ...layer.trainableWeights];
    expect(variables).toHaveLength(one.gradients.length);
    const { grads } = ek.variableGrads(() => ek.sum(ek.mul(apply(), dy)), variables);
    variables.forEach(({ name }, i) => {
      expectClose(`gradient ${i}`, grads[name]!.dataSync(), decode(one.gradients[i]!));
    });
  });
});

function nameOf({ note, training, inputs, options }: Case): string {
  const shapes = inputs.map(({ shape }) => JSON.stringify(shape)).join(" ");
  return `${note} ${shapes} ${JSON.stringify(options)} ${training ? "" : "in inference"}`.trim();
}

function tensorOf({ shape, seed, low, high }: Input): ek.Tensor {
  return ek.tensor(uniform(seed, shape, low, high), shape);
}
