import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const x = ek.randomNormal([20, 2], 0, 1, "float32", 5);
const y = ek.tensor(
  Array.from({ length: 20 }, (_, i) => i % 2),
  [20],
  "int32",
);

function network(): ek.Sequential {
  const hidden = ek.layers.dense({ units: 4, activation: "tanh", inputShape: [2] });
  const last = ek.layers.dense({ units: 2, activation: "softmax" });
  const model = ek.sequential([hidden, ek.layers.batchNormalization(), last]);
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

const weightsOf = (model: ek.Sequential) => model.weights.map((w) => [...w.dataSync()]);

describe("earlyStopping", () => {
  /** Runs fit with a validation loss that is made up. */
  async function run(losses: number[], options: ek.EarlyStoppingOptions) {
    const model = network();
    const stop = ek.callbacks.earlyStopping(options);
    const states: number[][][] = [];
    const fake = {
      onEpochEnd: (epoch: number, logs: ek.Logs) => {
        logs.val_loss = losses[epoch]!;
        logs.val_accuracy = -losses[epoch]!;
        states.push(weightsOf(model));
      },
    };
    const { epoch } = await model.fit(x, y, { epochs: losses.length, callbacks: [fake, stop] });
    return { ran: epoch.length, stopped: stop.stoppedEpoch, weights: weightsOf(model), states };
  }

  it("stops after `patience` epochs without improvement", async () => {
    expect(await run([5, 4, 3, 3, 3, 3], { patience: 2 })).toMatchObject({ ran: 5, stopped: 4 });
    expect(await run([5, 4, 4.5, 3, 3, 3, 3], { patience: 2 })).toMatchObject({ ran: 6 });
    expect(await run([3, 2, 1], {})).toMatchObject({ ran: 3, stopped: -1 });
    expect(await run([5, 4.95, 4.9, 4], { minDelta: 0.2, patience: 2 })).toMatchObject({ ran: 3 });
    expect(await run([5, 6, 7, 8], { startFromEpoch: 2, patience: 1 })).toMatchObject({ ran: 4 });
    expect(await run([5, 6, 7, 8], { monitor: "val_accuracy", patience: 1 })).toMatchObject({ ran: 2 });
    expect(await run([5, 6, 4], { mode: "max", patience: 1 })).toMatchObject({ ran: 3 });
  });

  it("brings the best weights back", async () => {
    const { weights, states } = await run([5, 4, 6, 7, 8], { patience: 2, restoreBestWeights: true });
    expect(weights).toEqual(states[1]);
    expect(weights).not.toEqual(states.at(-1));
  });

  it("refuses what it cannot do", async () => {
    expect(() => ek.callbacks.earlyStopping({ mode: "mx" as "max" })).toThrow('did you mean "max"');
    expect(() => ek.callbacks.earlyStopping({ patience: -1 })).toThrow("patience is -1");
    expect(() => ek.callbacks.earlyStopping({ patient: 1 } as object)).toThrow('did you mean "patience"');
    const run = network().fit(x, y, { callbacks: ek.callbacks.earlyStopping() });
    await expect(run).rejects.toThrow("no val_loss in the logs; pass validationData to fit, or monitor one of loss");
  });
});
