import * as ek from "evenkeel";
import { describe, expect, test } from "vitest";
import { hash, uniform } from "./generator.ts";
import { decode, expectClose, type Reference, readGoldens } from "./goldens.ts";

// Batch normalization with all its options over three steps against float64, and its state after them.

interface Case {
  note: string;
  reference: string;
  shape: number[];
  options: ek.BatchNormalizationOptions;
  low: number;
  high: number;
  mask: boolean;
  steps: { y: Reference; gradients: Reference[] }[];
  state: Reference[];
  inference: Reference;
}

const { cases } = readGoldens("batch-norm") as { cases: Case[] };

describe("batchNormalization", () => {
  test.each(cases.map((one, i) => [one.note, one.reference, one.shape, i] as const))("%s (%s) %o", (...[, , , i]) => {
    const one = cases[i]!;
    const layer = ek.layers.batchNormalization(one.options);
    layer.build(one.shape);
    setTrained(layer, i);
    // Running statistics are float32, which at a mean of 1e4 is 5e-4 off.
    const tolerance = one.high > 1e3 ? 1e-3 : 1e-5;
    one.steps.forEach(({ y, gradients }, step) => {
      const seed = 1000 * i + 10 * step;
      const x = ek.variable(uniformTensor(seed, one.shape, one.low, one.high));
      const dy = uniformTensor(seed + 1, one.shape);
      let result: ek.DataArray | undefined;
      const variables = [x, ...layer.trainableWeights];
      const { grads } = ek.variableGrads(() => {
        const output = layer.apply(x, { training: true, ...extras(one, seed + 5) });
        result = output.dataSync();
        return ek.sum(ek.mul(output, dy));
      }, variables);
      const byRunning = step > 0 && one.options.referenceBatch === true;
      expectClose(`output of step ${step}`, result!, decode(y), byRunning ? tolerance : 1e-5);
      expect(variables).toHaveLength(gradients.length);
      variables.forEach(({ name }, k) => {
        expectClose(
          `step ${step}: gradient of ${name}`,
          grads[name]!.dataSync(),
          decode(gradients[k]!),
          byRunning ? tolerance : 1e-5,
        );
      });
    });
    const state = layer.nonTrainableWeights;
    expect(state).toHaveLength(one.state.length);
    state.forEach((variable, k) => expectClose(variable.name, variable.dataSync(), decode(one.state[k]!)));
    const { condition } = extras(one, 1000 * i + 35);
    const y = layer.apply(uniformTensor(1000 * i + 500, one.shape, one.low, one.high), condition && { condition });
    expectClose("inference", y.dataSync(), decode(one.inference), tolerance);
  });
});

/** The weights that training moves, as the generator has them. */
function setTrained(layer: ek.BatchNormalization, number: number): void {
  const trained = layer.trainableWeights.map(({ shape, name }, k) => {
    const range = name.endsWith("/gamma") ? ([0.5, 1.5] as const) : ([-1, 1] as const);
    return uniformTensor(1000 * number + 900 + k, shape, ...range);
  });
  const others = layer.getWeights().slice(trained.length);
  layer.setWeights([...trained, ...others]);
}

/** A mask and a condition for one batch. */
function extras({ shape, options, mask }: Case, seed: number): { mask?: ek.Tensor; condition?: ek.Tensor } {
  const { condition } = options;
  const axes = [options.axis ?? -1].flat().map((axis) => (axis + shape.length) % shape.length);
  const others = shape.filter((_, axis) => !axes.includes(axis));
  const hashes = (sizes: readonly number[], divisor: number): number[] =>
    Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, (_, i) => hash(seed, i) % divisor);
  if (mask)
    return {
      mask: ek.tensor(
        hashes(others, 3).map((value) => (value > 0 ? 1 : 0)),
        others,
      ),
    };
  if (condition == null) return {};
  if ("features" in condition) return { condition: uniformTensor(seed, [shape[0]!, condition.features]) };
  return { condition: ek.tensor(hashes([shape[0]!], condition.classes), [shape[0]!], "int32") };
}

function uniformTensor(seed: number, shape: readonly number[], low?: number, high?: number): ek.Tensor {
  return ek.tensor(uniform(seed, shape, low, high), shape);
}
