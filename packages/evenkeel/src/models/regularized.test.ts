import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const { constraints, layers, regularizers } = ek;
const x = ek.randomNormal([8, 3], 0, 1, "float32", 1);
const y = ek.randomNormal([8, 2], 0, 1, "float32", 2);
const one = { class_name: "Constant", config: { value: 1 } };

function compiled(...parts: ek.Layer[]): ek.Sequential {
  const model = ek.sequential(parts);
  model.compile({ optimizer: ek.optimizers.sgd({ learningRate: 0.1 }), loss: "meanSquaredError" });
  model.build([null, 3]);
  return model;
}

describe("a model with regularizers", () => {
  it("adds their sum to the loss of fit, trainOnBatch and evaluate, but for frozen layers", async () => {
    const options = { units: 2, kernelInitializer: one, kernelRegularizer: regularizers.l1(0.5) };
    const model = compiled(layers.dense({ ...options, biasInitializer: one, biasRegularizer: regularizers.l2(0.25) }));
    const plain = compiled(layers.dense({ ...options, biasInitializer: one, kernelRegularizer: null }));
    expect(model.losses.map((each) => each.arraySync())).toEqual([3, 0.5]);
    const { loss } = await plain.evaluate(x, y);
    expect((await model.evaluate(x, y, { batchSize: 3 })).loss).toBeCloseTo(loss! + 3.5, 5);
    const { history } = await model.fit(x, y, { batchSize: 8, validationData: [x, y] });
    expect(history.loss![0]).toBeCloseTo(loss! + 3.5, 5);
    const penalties = model.losses.reduce((sum, each) => sum + (each.arraySync() as number), 0);
    plain.setWeights(model.weights);
    expect(history.val_loss![0]).toBeCloseTo((await plain.evaluate(x, y)).loss! + penalties, 5);
    model.layers[0]!.trainable = false;
    expect(model.trainOnBatch(x, y)).toEqual(plain.trainOnBatch(x, y));
  });

  it("moves a weight that the data do not reach by its penalty alone", () => {
    const model = compiled(layers.dense({ units: 2, kernelInitializer: one, kernelRegularizer: regularizers.l2(0.5) }));
    model.trainOnBatch(ek.zeros([8, 3]), y);
    // w − 0.1·2·0.5·w
    expect([...model.weights[0]!.dataSync()]).toEqual(Array.from({ length: 6 }, () => expect.closeTo(0.9, 6)));
  });

  it("keeps its memory flat", () => {
    const rules = { kernelRegularizer: "orthogonalRegularizer", kernelConstraint: "unitNorm" };
    const model = compiled(layers.dense({ units: 2, ...rules }));
    model.trainOnBatch(x, y);
    const { numTensors } = ek.memory();
    for (let step = 0; step < 5; step++) model.trainOnBatch(x, y);
    expect(ek.memory().numTensors).toBe(numTensors);
  });
});

describe("a model with constraints", () => {
  it("keeps them after every step", () => {
    const model = compiled(
      layers.batchNormalization({ gammaConstraint: "nonNeg", betaConstraint: "unitNorm" }),
      layers.dense({
        units: 2,
        kernelConstraint: constraints.maxNorm(0.5),
        biasConstraint: (b) => ek.minimum(b, 0.01),
      }),
    );
    for (let step = 0; step < 5; step++) {
      model.trainOnBatch(x, ek.mul(y, 20));
      const [gamma, beta, , , kernel, bias] = model.weights.map((each) => [...each.dataSync()]);
      const norm = (values: number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
      expect(Math.min(...gamma!)).toBeGreaterThanOrEqual(0);
      expect(norm(beta!)).toBeCloseTo(1, 5);
      for (const unit of [0, 1]) expect(norm(kernel!.filter((_, i) => i % 2 === unit))).toBeLessThan(0.500001);
      expect(Math.max(...bias!)).toBeLessThan(0.0100001);
    }
  });

  it("goes on from a file as it was", async () => {
    const model = compiled(
      layers.dense({ units: 4, kernelRegularizer: "l2", kernelConstraint: constraints.maxNorm({ maxValue: 0.7 }) }),
      layers.layerNormalization({ gammaRegularizer: "l1", betaConstraint: "nonNeg" }),
      layers.dense({ units: 2 }),
    );
    model.trainOnBatch(x, y);
    const again = await ek.loadModel(await model.save());
    expect(again.toJSON()).toEqual(model.toJSON());
    for (let step = 0; step < 3; step++) expect(again.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
  });

  it("reads the user's own from a file by their names", async () => {
    class Sparse implements ek.Regularizer {
      readonly #factor = 0.5;
      apply(w: ek.Tensor): ek.Tensor {
        return ek.mul(ek.sum(ek.abs(w)), this.#factor);
      }
    }
    const shrink = (w: ek.Tensor): ek.Tensor => ek.mul(w, 0.5);
    const named = { apply: shrink, toJSON: () => ({ class_name: "Named", config: {} }) };
    const options = { kernelRegularizer: new Sparse(), kernelConstraint: shrink, biasConstraint: named };
    const model = compiled(layers.dense({ units: 2, ...options }));
    const bytes = await model.save();
    const again = await ek.loadModel(bytes, { custom: { Sparse: new Sparse(), shrink, Named: named } });
    expect(again.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
    again.weights.forEach((each, i) => expect(each.dataSync()).toEqual(model.weights[i]!.dataSync()));
    await expect(ek.loadModel(bytes)).rejects.toThrow('unknown regularizer "Sparse"');
  });
});

it("foldBatchNorm leaves rules where the weights stay, and drops them where they change", () => {
  const own = { apply: (w: ek.Tensor): ek.Tensor => ek.sum(w) };
  const model = ek.sequential([
    layers.dense({ units: 4, kernelRegularizer: "l2", biasConstraint: "nonNeg" }),
    layers.batchNormalization({ gammaRegularizer: "l2" }),
    layers.activation({ activation: "relu" }),
    layers.dense({ units: 2, kernelRegularizer: own, kernelConstraint: "maxNorm" }),
  ]);
  model.build([null, 3]);
  const folded = ek.foldBatchNorm(model);
  expect(folded.layers).toHaveLength(3);
  expect(folded.losses).toHaveLength(1);
  expect(folded.weights.map(({ constraint }) => constraint !== undefined)).toEqual([false, false, true, false]);
  const [wanted, got] = [model, folded].map((each) => each.predict(x).dataSync());
  wanted!.forEach((value, i) => expect(got![i]).toBeCloseTo(value, 5));
});
