import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(5));

const x = ek.randomNormal([20, 8, 8, 2], 1, 2, "float32", 1);
const y = ek.randomNormal([20, 3], 0, 1, "float32", 2);

/** Layers that fuse (convolution, normalization and pooling; dense and normalization), trained a little. */
function pretrained(): { model: ek.Sequential; norms: ek.BatchNormalization[] } {
  const norms = [ek.layers.batchNormalization(), ek.layers.batchNormalization(), ek.layers.batchNormalization()];
  const model = ek.sequential([
    ek.layers.conv2d({ filters: 3, kernelSize: 3, activation: "relu", inputShape: [8, 8, 2] }),
    norms[0]!,
    ek.layers.maxPooling2d({ poolSize: 2 }),
    norms[1]!,
    ek.layers.flatten(),
    ek.layers.dense({ units: 4 }),
    norms[2]!,
    ek.layers.dense({ units: 3 }),
  ]);
  model.compile({ optimizer: ek.train.sgd(0.05), loss: "meanSquaredError" });
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
  return { model, norms };
}

const valuesOf = (layer: ek.Layer): unknown => [
  layer.weights.map((weight) => [...weight.dataSync()]),
  layer.extraState?.getState(),
];

/** The loss of a training step, and its gradients by name. */
function gradientsOf(model: ek.Sequential): { loss: number; grads: Record<string, number[]> } {
  const loss = (): ek.Tensor => ek.mean(ek.losses.meanSquaredError(y, model.apply(x, { training: true })));
  const { value, grads } = ek.variableGrads(loss, model.trainableWeights);
  const lists = Object.entries(grads).map(([name, gradient]) => [name, [...gradient.dataSync()]]);
  return { loss: value.dataSync()[0]!, grads: Object.fromEntries(lists) };
}

describe("fine-tuning with trainable = false", () => {
  it.each([true, false])("leaves γ, β and statistics, in fit and in steps, fusion %s", async (fusion) => {
    const before = ek.config().fusion;
    ek.config({ fusion });
    try {
      const { model, norms } = pretrained();
      for (const norm of norms) norm.trainable = false;
      const kept = norms.map(valuesOf);
      const kernel = [...model.layers[0]!.weights[0]!.dataSync()];
      model.trainOnBatch(x, y);
      await model.fit(x, y, { batchSize: 7, epochs: 2 });
      expect(norms.map(valuesOf)).toEqual(kept);
      expect([...model.layers[0]!.weights[0]!.dataSync()]).not.toEqual(kernel);
      // One thawed layer moves, the others stay.
      norms[1]!.trainable = true;
      model.trainOnBatch(x, y);
      expect([0, 2].map((i) => valuesOf(norms[i]!))).toEqual([kept[0], kept[2]]);
      expect(valuesOf(norms[1]!)).not.toEqual(kept[1]);
    } finally {
      ek.config({ fusion: before });
    }
  });

  it("normalizes by the running statistics: the loss of a step is that of evaluate", async () => {
    const { model, norms } = pretrained();
    const training = model.trainOnBatch(x, y)["loss"]!;
    expect(Math.abs((await model.evaluate(x, y))["loss"]! - training)).toBeGreaterThan(1e-3);
    for (const norm of norms) norm.trainable = false;
    const evaluated = (await model.evaluate(x, y, { batchSize: 20 }))["loss"]!;
    expect(model.trainOnBatch(x, y)["loss"]).toBeCloseTo(evaluated, 6);
    // A single sample is enough.
    expect(model.trainOnBatch(ek.slice(x, 0, 1), ek.slice(y, 0, 1))["loss"]).toBeGreaterThan(0);
  });

  it("gives gradients through the frozen layers, fused and not, as finite differences", () => {
    const before = ek.config().fusion;
    const { model, norms } = pretrained();
    for (const norm of norms) norm.trainable = false;
    try {
      ek.config({ fusion: false });
      const apart = gradientsOf(model);
      ek.config({ fusion: true });
      const fused = gradientsOf(model);
      expect(Object.keys(fused.grads).every((name) => /kernel|bias/.test(name))).toBe(true);
      expect(fused.loss).toBeCloseTo(apart.loss, 6);
      for (const weight of model.trainableWeights) {
        const [a, b] = [fused.grads[weight.name]!, apart.grads[weight.name]!];
        a.forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(b[i]!))));
        const start = ek.mul(weight, 1);
        const direction = ek.randomNormal(weight.shape);
        const at = (step: number): number => {
          weight.assign(ek.add(start, ek.mul(direction, step)));
          return gradientsOf(model).loss;
        };
        const h = 2e-4;
        const wanted = (at(h) - at(-h)) / (2 * h);
        weight.assign(start);
        const found = direction.dataSync().reduce((sum, value, i) => sum + value * a[i]!, 0);
        expect(Math.abs(found - wanted)).toBeLessThan(2e-2 * Math.max(0.1, Math.abs(wanted)));
      }
    } finally {
      ek.config({ fusion: before });
    }
  });

  it("stays frozen in a file, and in a config", async () => {
    const { model, norms } = pretrained();
    for (const norm of norms) norm.trainable = false;
    const kept = norms.map(valuesOf);
    const loaded = await ek.loadModel(await model.save());
    loaded.trainOnBatch(x, y);
    model.trainOnBatch(x, y);
    expect(loaded.layers.filter((layer) => "runningStats" in layer).map(valuesOf)).toEqual(kept);
    expect(loaded.predict(x).dataSync()).toEqual(model.predict(x).dataSync());
  });
});
