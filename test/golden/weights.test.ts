import * as ek from "evenkeel";
import { describe, expect, test } from "vitest";
import { hash, uniform } from "./generator.ts";
import { decode, expectClose, type Reference, readGoldens } from "./goldens.ts";

interface Case {
  options: Record<string, unknown>;
  seed: number;
}

interface Weights {
  training: { model: object; seed: number; batch: number; losses: number[]; evaluated: number; frozen: number };
  regularizers: (Case & { regularizer: string; value: number; gradient: Reference })[];
  constraints: (Case & { constraint: string; result: Reference })[];
  weights: ({ name: string } & Reference)[];
}

type Factories = Record<string, (options: object) => ek.Regularizer>;

const { training, regularizers, constraints, weights } = readGoldens("weights") as Weights;
const camel = (name: string): string => (name === "L1L2" ? "l1l2" : name.charAt(0).toLowerCase() + name.slice(1));
const draw = (seed: number, shape: number[], ...limits: number[]): ek.Tensor =>
  ek.tensor(uniform(seed, shape, ...limits), shape);

test.each(regularizers.map((one) => [`${one.regularizer} ${JSON.stringify(one.options)}`, one] as const))(
  "%s",
  (_, { regularizer, options, seed, value, gradient }) => {
    const { apply } = (ek.regularizers as unknown as Factories)[camel(regularizer)]!(options);
    const w = draw(seed, gradient.shape);
    expectClose("value", apply(w).dataSync(), [value], 1e-6);
    expectClose("gradient", ek.grad(apply)(w).dataSync(), decode(gradient), 1e-6);
  },
);

test.each(constraints.map((one) => [`${one.constraint} ${JSON.stringify(one.options)}`, one] as const))(
  "%s",
  (_, { constraint, options, seed, result }) => {
    const { apply } = (ek.constraints as unknown as Factories)[camel(constraint)]!(options);
    expectClose("result", apply(draw(seed, result.shape)).dataSync(), decode(result), 1e-6);
  },
);

describe("a network with rules for every weight", async () => {
  const model = ek.models.fromConfig(training.model);
  const start = model.weights.map((one, i) => {
    const kind = one.name.split("/")[1]!;
    if (kind.startsWith("moving")) return one;
    const [low, high] = { gamma: [-0.3, 1.2], kernel: [-0.6, 0.6] }[kind] ?? [-0.3, 0.3];
    return draw(training.seed + i, [...one.shape], low!, high!);
  });
  model.setWeights(start);
  const losses = training.losses.map((_, step) => model.trainOnBatch(...batchOf(step)).loss!);
  const [x, y] = batchOf(training.losses.length);
  const evaluated = await model.evaluate(x, y, { batchSize: 3 });
  model.layers[0]!.trainable = false;
  const frozen = await model.evaluate(x, y, { batchSize: 3 });

  test("has Keras's losses in training, in evaluation, and with a frozen layer", () => {
    expectClose("losses", losses, training.losses);
    expectClose("evaluated", [evaluated.loss!, frozen.loss!], [training.evaluated, training.frozen]);
  });

  test.each(weights.map((one, i) => [`${i} ${one.name}`, one, i] as const))("has Keras's weights: %s", (_, one, i) => {
    const variable = model.weights[i]!;
    expect(variable.shape).toEqual(one.shape);
    expectClose("weight", variable.dataSync(), decode(one));
  });
});

function batchOf(step: number): [x: ek.Tensor, y: ek.Tensor] {
  const { seed, batch } = training;
  const labels = Array.from({ length: batch }, (_, i) => hash(seed + 100 + step, i) % 3);
  return [draw(seed + 100 + step, [batch, 6, 5, 2]), ek.oneHot(ek.tensor(labels, [batch], "int32"), 3)];
}
