import * as ek from "evenkeel";
import { describe, expect, test } from "vitest";
import { uniform } from "./generator.ts";
import { decode, expectClose, type Reference, readGoldens } from "./goldens.ts";

// Every op with an adjoint against float64: outputs and gradients for a random cotangent, to 1e-5 of the scale.

interface Input {
  shape: number[];
  seed: number;
  low: number;
  high: number;
  int32?: number[];
  constant?: boolean;
}

interface Case {
  op: string;
  note: string;
  args: unknown[];
  inputs: Input[];
  dySeed: number;
  output: Reference;
  gradients: Reference[];
}

interface Results {
  y: ek.Tensor;
  gradients: ek.Tensor[];
}

const { cases } = readGoldens("ops") as { cases: Case[] };

describe.each([...new Set(cases.map(({ op }) => op))])("%s", (op) => {
  test.each(cases.filter((one) => one.op === op).map((one) => [nameOf(one), one] as const))("%s", (_, one) => {
    const { y, gradients } = run(one);
    expect(y.shape).toEqual(one.output.shape);
    expectClose("output", y.dataSync(), decode(one.output));
    expect(gradients).toHaveLength(one.gradients.length);
    one.gradients.forEach((reference, i) => {
      expect(gradients[i]!.shape).toEqual(reference.shape);
      expectClose(`gradient ${i}`, gradients[i]!.dataSync(), decode(reference));
    });
  });
});

function nameOf({ args, inputs, note }: Case): string {
  return `${note} ${inputs.map(({ shape }) => JSON.stringify(shape)).join(" ")} ${JSON.stringify(args)}`.trim();
}

function run(one: Case): Results {
  const dy = ek.tensor(uniform(one.dySeed, one.output.shape), one.output.shape);
  if (one.op.startsWith("batchNormalization")) return runBatchNormalization(one, dy);
  const values = one.inputs.map(tensorOf);
  const free = values.filter((_, i) => !isConstant(one.inputs[i]!));
  const f = (...xs: ek.Tensor[]): ek.Tensor => {
    const given = [...xs];
    return call(
      one,
      values.map((value, i) => (isConstant(one.inputs[i]!) ? value : given.shift()!)),
    );
  };
  return { y: f(...free), gradients: ek.grads(f)(free, dy) };
}

function call({ op, args }: Case, inputs: ek.Tensor[]): ek.Tensor {
  if (op === "concat") return ek.concat(inputs, args[0] as number);
  const f = (ek as unknown as Record<string, (...all: unknown[]) => ek.Tensor>)[op];
  if (f === undefined) throw new Error(`evenkeel has no ${op}`);
  if (["layerNorm", "rmsNorm", "groupNorm"].includes(op)) {
    const [x, gamma, beta] = inputs;
    return f(x, { ...(args[0] as object), gamma, beta });
  }
  return f(...inputs, ...args.map((arg) => arg ?? undefined));
}

function runBatchNormalization({ op, args, inputs }: Case, dy: ek.Tensor): Results {
  const training = op === "batchNormalization";
  const [x, gamma, beta, mean, variance] = inputs.map(tensorOf);
  const layer = ek.layers.batchNormalization(args[0] as { axis: number });
  layer.build([null, ...x!.shape.slice(1)]);
  layer.setWeights([gamma!, beta!, mean ?? ek.zeros(gamma!.shape), variance ?? ek.ones(gamma!.shape)]);
  const input = ek.variable(x!);
  const variables = [input, ...layer.trainableWeights];
  const loss = (): ek.Tensor => ek.sum(ek.mul(layer.apply(input, { training }), dy));
  const { grads } = ek.variableGrads(loss, variables);
  return { y: layer.apply(input, { training }), gradients: variables.map(({ name }) => grads[name]!) };
}

function isConstant({ int32, constant }: Input): boolean {
  return int32 !== undefined || constant === true;
}

function tensorOf({ shape, seed, low, high, int32 }: Input): ek.Tensor {
  return int32 ? ek.tensor(int32, shape, "int32") : ek.tensor(uniform(seed, shape, low, high), shape);
}
