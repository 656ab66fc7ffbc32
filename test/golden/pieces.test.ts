import * as ek from "evenkeel";
import { describe, expect, test } from "vitest";
import { uniform } from "./generator.ts";
import { decode, expectClose, type Reference, readGoldens } from "./goldens.ts";

interface Targets {
  targets: number[] | number[][];
  targetType: "float32" | "int32";
  predictions: Reference;
  value: number;
}
type LossCase = Targets & { loss: string; options: Record<string, unknown>; note: string; gradient: Reference };

interface Pieces {
  losses: LossCase[];
  metrics: (Targets & { metric: string })[];
  optimizers: { optimizer: "adam" | "sgd"; options: Record<string, unknown>; path: Reference }[];
  initializers: { initializer: string; shape: number[]; limit: number; deviation: number }[];
}

type Measure = (targets: ek.Tensor, predictions: ek.Tensor, options?: unknown) => ek.Tensor;

const { losses, metrics, optimizers, initializers } = readGoldens("pieces") as Pieces;

function tensorsOf({ targets, targetType, predictions }: Targets): [t: ek.Tensor, p: ek.Tensor] {
  return [
    ek.tensor(targets, undefined, targetType),
    ek.tensor(Float32Array.from(decode(predictions)), predictions.shape),
  ];
}

describe("losses", () => {
  test.each(losses.map((one) => [`${one.loss} ${JSON.stringify(one.options)} ${one.note}`, one] as const))(
    "%s",
    (_, one) => {
      const f = (ek.losses as unknown as Record<string, Measure>)[one.loss]!;
      const [targets, predictions] = tensorsOf(one);
      expectClose("value", f(targets, predictions, one.options).dataSync(), [one.value]);
      const gradient = ek.grad((p) => f(targets, p, one.options))(predictions);
      expectClose("gradient", gradient.dataSync(), decode(one.gradient));
    },
  );
});

describe("metrics", () => {
  test.each(metrics.map((one, i) => [`${one.metric} ${i}`, one] as const))("%s", (_, one) => {
    const f = (ek.metrics as unknown as Record<string, Measure>)[one.metric]!;
    expect(f(...tensorsOf(one)).dataSync()[0]).toBe(one.value);
  });
});

describe("optimizers: ten steps down a quadratic", () => {
  test.each(optimizers.map((one) => [`${one.optimizer} ${JSON.stringify(one.options)}`, one] as const))(
    "%s",
    (_, one) => {
      const optimizer = ek.optimizers[one.optimizer](one.options);
      const p = ek.variable(ek.tensor(uniform(21, [4])));
      const c = ek.tensor(uniform(22, [4]));
      const path: number[] = [];
      for (let step = 0; step < 10; step++) {
        const distance = (): ek.Tensor => ek.mul([0.25, 0.5, 1, 2], ek.square(ek.sub(p, c)));
        optimizer.applyGradients(ek.variableGrads(() => ek.sum(distance())).grads, [p]);
        path.push(...p.dataSync());
      }
      expectClose("path", path, decode(one.path));
    },
  );
});

describe("initializers keep Keras's bounds", () => {
  test.each(initializers.map((one) => [`${one.initializer} ${JSON.stringify(one.shape)}`, one] as const))(
    "%s",
    (_, one) => {
      const units = one.shape.at(-1)!;
      const options = {
        kernelInitializer: one.initializer,
        inputShape: [...one.shape.slice(0, -2), one.shape.at(-2)!],
      };
      const [kernelSize] = one.shape;
      const layer =
        one.shape.length === 4
          ? ek.layers.conv2d({ ...options, filters: units, kernelSize: kernelSize! })
          : ek.layers.dense({ ...options, units });
      layer.build([null, ...options.inputShape]);
      const kernel = layer.weights[0]!;
      expect(kernel.shape).toEqual(one.shape);
      const values = Array.from(kernel.dataSync());
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) * (b - mean), 0) / values.length);
      const limit = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      expect(limit / one.limit).toBeLessThanOrEqual(1 + 1e-6);
      expect(limit / one.limit).toBeGreaterThan(0.99);
      expect(Math.abs(deviation / one.deviation - 1)).toBeLessThan(0.04);
      expect(Math.abs(mean)).toBeLessThan((4 * one.deviation) / Math.sqrt(values.length));
    },
  );
});
