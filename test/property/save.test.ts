import * as ek from "evenkeel";
import fc from "fast-check";
import { expect, it } from "vitest";
import { checkAsync, seeds } from "./arbitraries.ts";
import { normals } from "./values.ts";

const options = fc.record({
  axis: fc.constantFrom(-1, 1),
  momentum: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 1, noNaN: true })),
  center: fc.boolean(),
  scale: fc.boolean(),
  zeroDebias: fc.boolean(),
  movingVariance: fc.constantFrom("biased", "unbiased"),
});

const networks = fc.record({
  filters: fc.integer({ min: 1, max: 4 }),
  activation: fc.constantFrom("relu", "tanh", "sigmoid"),
  first: options,
  second: options.map((each) => ({ ...each, axis: -1 })),
  rate: fc.constantFrom(0, 0.3),
  frozen: fc.boolean(),
  optimizer: fc.constantFrom("adam", "sgd", "momentum"),
});

type Network = typeof networks extends fc.Arbitrary<infer T> ? T : never;

function build({ filters, activation, first, second, rate, frozen, optimizer }: Network): ek.Sequential {
  const model = ek.sequential([
    ek.layers.conv2d({ filters, kernelSize: 2, activation, inputShape: [4, 4, 2] }),
    ek.layers.batchNormalization(first),
    ek.layers.averagePooling2d({ poolSize: 2 }),
    ek.layers.flatten(),
    ek.layers.dropout({ rate }),
    ek.layers.dense({ units: 3 }),
    ek.layers.batchNormalization(second),
    ek.layers.dense({ units: 2, activation: "softmax" }),
  ]);
  model.layers[1]!.trainable = !frozen;
  const momentum = ek.optimizers.sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true });
  model.compile({ optimizer: optimizer === "momentum" ? momentum : optimizer, loss: "categoricalCrossentropy" });
  return model;
}

/** Steps `from` to `to` of a training that the seed fixes; the losses. */
function train(model: ek.Sequential, seed: number, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) =>
    ek.tidy(() => {
      const x = normals([5, 4, 4, 2], seed + from + i, 1);
      const y = ek.oneHot(ek.cast(ek.randomUniform([5], 0, 2, "float32", seed + from + i), "int32"), 2);
      return model.trainOnBatch(x, y)["loss"]!;
    }),
  );
}

/** Everything a model is, as bits. */
function stateOf(model: ek.Sequential, seed: number): unknown {
  return ek.tidy(() => {
    const bits = (x: ek.Tensor): number[] => [...new Int32Array(x.dataSync().buffer)];
    const statistics = model.layers.map((layer) => {
      if (!("runningStats" in layer)) return undefined;
      const { weight, batches, count, frozen } = layer.runningStats as ek.RunningStats;
      return { weight, batches, count, frozen };
    });
    const predictions = model.predict(normals([3, 4, 4, 2], seed));
    return { weights: model.weights.map(bits), predictions: bits(predictions), statistics };
  });
}

it("save then load is identity, before, in the middle of and after training", async () => {
  const steps = fc.integer({ min: 0, max: 3 });
  await checkAsync(
    fc.asyncProperty(networks, steps, steps, seeds, async (network, before, after, seed) => {
      ek.setSeed(seed);
      const model = build(network);
      train(model, seed, 0, before);
      const bytes = await model.save();
      // What else goes on in the program must not matter.
      ek.setSeed(seed + 1);
      const loaded = await ek.loadModel(bytes);
      expect(stateOf(loaded, seed)).toEqual(stateOf(model, seed));
      expect(await loaded.save()).toEqual(bytes);
      expect(train(loaded, seed, before, before + after)).toEqual(train(model, seed, before, before + after));
      expect(stateOf(loaded, seed)).toEqual(stateOf(model, seed));
      for (const each of [model, loaded]) {
        each.optimizer?.dispose();
        each.dispose();
      }
    }),
    60,
  );
});
