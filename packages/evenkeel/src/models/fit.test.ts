import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

/** Class 0 left, class 1 right of the origin. */
function points(samples: number): { x: ek.Tensor; y: ek.Tensor } {
  const values = ek.randomNormal([samples, 2], 0, 1, "float32", 5);
  const labels = Array.from({ length: samples }, (_, i) => (values.dataSync()[2 * i]! > 0 ? 1 : 0));
  return { x: values, y: ek.tensor(labels, [samples], "int32") };
}

function network(normalize = true): ek.Sequential {
  const layers = [ek.layers.dense({ units: 8, activation: "tanh", inputShape: [2] })];
  const last = ek.layers.dense({ units: 2, activation: "softmax" });
  const model = ek.sequential([...layers, ...(normalize ? [ek.layers.batchNormalization()] : []), last]);
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

const weightsOf = (model: ek.Sequential) => model.weights.map((w) => [...w.dataSync()]);
const { x, y } = points(50);

beforeEach(() => ek.setSeed(1));

describe("fit", () => {
  it("learns, and records Keras's keys for each epoch", async () => {
    const model = network();
    model.optimizer!.learningRate = 0.05;
    const result = await model.fit(x, y, { batchSize: 10, epochs: 20, validationData: [x, y] });
    expect(result.epoch).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(Object.keys(result.history)).toEqual(["loss", "accuracy", "val_loss", "val_accuracy"]);
    for (const values of Object.values(result.history)) expect(values).toHaveLength(20);
    expect(result.history.val_accuracy!.at(-1)).toBeGreaterThan(0.95);
    expect(model.history).toBe(result);
    const { loss, accuracy } = await model.evaluate(x, y, { batchSize: 10 });
    expect([loss, accuracy]).toEqual([result.history.val_loss!.at(-1), result.history.val_accuracy!.at(-1)]);
  });

  it("weighs batches by their samples", async () => {
    const model = network(false);
    model.compile({ optimizer: ek.optimizers.sgd({ learningRate: 0 }), loss: "sparseCategoricalCrossentropy" });
    const { loss } = await model.evaluate(x, y);
    for (const batchSize of [7, 16, 50]) {
      const { history } = await model.fit(x, y, { batchSize });
      expect(history.loss![0]).toBeCloseTo(loss!, 6);
    }
  });

  it("is fixed by the seed, set before or after the model is made, and shuffles differently each epoch", async () => {
    const run = async (shuffle = true) => {
      ek.setSeed(3);
      const model = network();
      const { history } = await model.fit(x, y, { batchSize: 8, epochs: 2, shuffle });
      return { model, history, weights: weightsOf(model) };
    };
    const [first, again, ordered] = [await run(), await run(), await run(false)];
    expect(again.weights).toEqual(first.weights);
    expect(again.history).toEqual(first.history);
    expect(ordered.weights).not.toEqual(first.weights);
    const order = async (seed: number) => {
      ek.setSeed(seed);
      const seen: number[] = [];
      const model = ek.sequential([ek.layers.flatten({ inputShape: [1] })]);
      const loss = (_: ek.TensorLike, p: ek.TensorLike) => {
        seen.push(...(p as ek.Tensor).dataSync());
        return ek.mean(p);
      };
      model.compile({ optimizer: "sgd", loss });
      const samples = ek.reshape([0, 1, 2, 3, 4, 5, 6, 7], [8, 1]);
      await model.fit(samples, samples, { batchSize: 3, epochs: 2 });
      return seen;
    };
    const seen = await order(1);
    expect(seen.slice(0, 8).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(seen.slice(8).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(seen.slice(8)).not.toEqual(seen.slice(0, 8));
    expect(await order(1)).toEqual(seen);
    expect(await order(2)).not.toEqual(seen);
  });

  it("validates on the last samples, taken before shuffling", async () => {
    const model = network();
    const { history } = await model.fit(x, y, { batchSize: 8, validationSplit: 0.3 });
    const end = ek.slice(x, 35);
    const { loss } = await model.evaluate(end, ek.slice(y, 35), { batchSize: 8 });
    expect(history.val_loss).toEqual([loss]);
    ek.setSeed(1);
    const other = network();
    await other.fit(ek.slice(x, 0, 35), ek.slice(y, 0, 35), { batchSize: 8 });
    expect(weightsOf(other)).toEqual(weightsOf(model));
  });

  it("joins a last batch of one sample only where a layer could not train on it", async () => {
    const sizes = async (model: ek.Sequential, batchSize: number) => {
      const seen: number[] = [];
      await model.fit(ek.slice(x, 0, 9), ek.slice(y, 0, 9), {
        batchSize,
        callbacks: { onBatchEnd: (_, { size }) => void seen.push(size) },
      });
      return seen;
    };
    expect(await sizes(network(), 4)).toEqual([4, 5]);
    expect(await sizes(network(false), 4)).toEqual([4, 4, 1]);
    expect(await sizes(network(), 3)).toEqual([3, 3, 3]);
    const frozen = network();
    frozen.layers[1]!.trainable = false;
    expect(await sizes(frozen, 4)).toEqual([4, 4, 1]);
    await expect(network().fit(x, y, { batchSize: 1 })).rejects.toThrow("batchNormalization: 1 value per channel");
    await expect(network().fit(ek.slice(x, 0, 1), [0])).rejects.toThrow("batchNormalization: 1 value per channel");
  });

  it("goes on from initialEpoch", async () => {
    const model = network();
    expect((await model.fit(x, y, { epochs: 5, initialEpoch: 3 })).epoch).toEqual([3, 4]);
    expect((await model.fit(x, y, { epochs: 2, initialEpoch: 2 })).epoch).toEqual([]);
  });

  it("builds the model from its data", async () => {
    const model = ek.sequential([ek.layers.dense({ units: 1 })]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    await model.fit(x, y);
    expect(model.inputShape).toEqual([null, 2]);
  });

  it.each([
    [{ batchSize: 0 }, "fit: batchSize is 0; use an integer of at least 1"],
    [{ batchSize: 2.5 }, "fit: batchSize is 2.5"],
    [{ epochs: 0 }, "fit: epochs is 0"],
    [{ epochs: -1 }, "fit: epochs is -1"],
    [{ initialEpoch: -1 }, "fit: initialEpoch is -1"],
    [{ epoch: 3 }, 'did you mean "epochs"'],
    [{ shuffle: 1 }, "fit: shuffle is 1"],
    [{ signal: {} }, "pass an AbortSignal"],
    [{ validationSplit: 1.5 }, "validationSplit is 1.5"],
    [{ validationData: [x, y], validationSplit: 0.5 }, "pass one of them"],
    [{ validationData: x }, "validationData is no pair"],
    [{ validationData: [x, ek.zeros([3])] }, "fit: xValidation has 50 samples and yValidation 3"],
    [{ callbacks: [5] }, "a callback is 5"],
    [{ callbacks: { onEpochEnds: () => {} } }, 'did you mean "onEpochEnd"'],
    [null, "options are null"],
  ])("refuses the options %#, changing nothing", async (options, message) => {
    const model = network();
    const [before, { numTensors }] = [weightsOf(model), ek.memory()];
    await expect(model.fit(x, y, options as ek.FitOptions)).rejects.toThrow(message);
    expect(weightsOf(model)).toEqual(before);
    expect(ek.memory().numTensors).toBe(numTensors);
  });
});

describe("callbacks", () => {
  it("are called in order, and waited for", async () => {
    const calls: string[] = [];
    const note = (name: string) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      calls.push(name);
    };
    const callbacks = {
      setParams: (params: ek.FitParams) => calls.push(JSON.stringify(params)),
      onTrainBegin: note("train"),
      onEpochBegin: note("epoch"),
      onBatchBegin: note("batch"),
      onBatchEnd: note("batch end"),
      onEpochEnd: note("epoch end"),
      onTrainEnd: note("train end"),
    };
    await network().fit(x, y, { batchSize: 25, epochs: 2, callbacks: [callbacks] });
    const batch = ["batch", "batch end"];
    const epoch = ["epoch", ...batch, ...batch, "epoch end"];
    const params = '{"epochs":2,"steps":2,"samples":50,"batchSize":25}';
    expect(calls).toEqual([params, "train", ...epoch, ...epoch, "train end"]);
  });

  it("get means of the epoch so far", async () => {
    const seen: ek.BatchLogs[] = [];
    const callbacks = { onBatchEnd: (_: number, logs: ek.BatchLogs) => void seen.push(logs) };
    const { history } = await network().fit(x, y, { batchSize: 20, callbacks });
    expect(seen.map(({ batch, size }) => [batch, size])).toEqual([
      [0, 20],
      [1, 20],
      [2, 10],
    ]);
    expect([seen[2]!.loss, seen[2]!.accuracy]).toEqual([history.loss![0], history.accuracy![0]]);
  });

  it("end the training by stopTraining, without an error", async () => {
    const model = network();
    let steps = 0;
    const callbacks = {
      onBatchEnd: () => {
        steps += 1;
        model.stopTraining = steps === 3;
      },
    };
    const { epoch } = await model.fit(x, y, { batchSize: 25, epochs: 9, callbacks });
    expect([steps, epoch]).toEqual([3, [0, 1]]);
    expect((await model.fit(x, y, { epochs: 2 })).epoch).toEqual([0, 1]);
  });

  it("that throw end it too, with the model usable and nothing left behind", async () => {
    const model = network();
    await model.fit(x, y);
    const { numTensors, numBytes } = ek.memory();
    for (const hook of ["onTrainBegin", "onEpochBegin", "onBatchBegin", "onBatchEnd", "onEpochEnd", "onTrainEnd"]) {
      const callbacks = {
        [hook]: () => {
          throw new Error(`in ${hook}`);
        },
      };
      const given = [
        [1, 2],
        [3, 4],
      ];
      await expect(model.fit(given, [0, 1], { callbacks, validationData: [given, [0, 1]] })).rejects.toThrow(
        `in ${hook}`,
      );
      expect(ek.memory()).toMatchObject({ numTensors, numBytes });
    }
    await model.fit(x, y);
  });
});

describe("a step that throws", () => {
  it("is undone: weights, running statistics, optimizer", async () => {
    const model = network();
    let fail = false;
    const crossentropy = ek.losses.sparseCategoricalCrossentropy;
    const loss = (t: ek.TensorLike, p: ek.TensorLike) => {
      if (fail) throw new Error("now");
      return crossentropy(t, p);
    };
    model.compile({ optimizer: "adam", loss });
    await model.fit(x, y);
    const state = () => {
      const { mean, variance, weight, batches, count } = (model.layers[1] as ek.BatchNormalization).runningStats;
      const { iterations } = model.optimizer!;
      return [weightsOf(model), [...mean], [...variance], weight, batches, count, iterations];
    };
    const [before, { numTensors, numBytes }] = [state(), ek.memory()];
    fail = true;
    await expect(model.fit(x, y)).rejects.toThrow("now");
    expect(state()).toEqual(before);
    expect(ek.memory()).toMatchObject({ numTensors, numBytes });
    fail = false;
    await model.fit(x, y);
    expect(state()).not.toEqual(before);
  });
});

describe("an AbortSignal", () => {
  it("stops after the step, and leaves the epochs that were finished", async () => {
    const model = network();
    const controller = new AbortController();
    let steps = 0;
    const callbacks = { onBatchEnd: () => (++steps === 7 ? controller.abort() : undefined) };
    const { numTensors } = ek.memory();
    const run = model.fit(x, y, { batchSize: 10, epochs: 9, callbacks, signal: controller.signal });
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(steps).toBe(7);
    expect(model.optimizer!.iterations).toBe(7);
    expect(model.history!.epoch).toEqual([0]);
    expect(ek.memory().numTensors).toBeLessThanOrEqual(numTensors + 2 * model.trainableWeights.length);
    await model.fit(x, y);
  });

  it("that is aborted already changes nothing", async () => {
    const model = network();
    const before = weightsOf(model);
    await expect(model.fit(x, y, { signal: AbortSignal.abort("why") })).rejects.toBe("why");
    expect(weightsOf(model)).toEqual(before);
  });

  it("is heard from a timer in the middle of an epoch", async () => {
    const model = network();
    const [samples, labels] = [ek.ones([4000, 2]), ek.zeros([4000], "int32")];
    const timed = model.fit(samples, labels, { batchSize: 2, epochs: 1000, signal: AbortSignal.timeout(150) });
    const start = performance.now();
    await expect(timed).rejects.toMatchObject({ name: "TimeoutError" });
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it("one training of a model at a time", async () => {
    const model = network();
    const first = model.fit(x, y, { epochs: 3 });
    await expect(model.fit(x, y)).rejects.toThrow("is training already");
    expect((await first).epoch).toEqual([0, 1, 2]);
  });
});
