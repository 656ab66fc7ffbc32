import * as ek from "evenkeel";
import { expect, it } from "vitest";

function smallNetwork(): ek.Sequential {
  const model = ek.sequential([
    ek.layers.conv2d({ filters: 8, kernelSize: 3, activation: "relu", inputShape: [10, 10, 2] }),
    ek.layers.batchNormalization(),
    ek.layers.maxPooling2d({ poolSize: 2 }),
    ek.layers.dropout({ rate: 0.2 }),
    ek.layers.flatten(),
    ek.layers.dense({ units: 16, activation: "relu" }),
    ek.layers.batchNormalization(),
    ek.layers.dense({ units: 4, activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

it("is flat over 10,000 training steps: no byte more held, no growth after the third", () => {
  const model = smallNetwork();
  const x = ek.randomUniform([32, 10, 10, 2], 0, 1, "float32", 1);
  const y = ek.oneHot(
    Int32Array.from({ length: 32 }, (_, i) => i % 4),
    4,
  );
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
  const before = ek.memory();
  for (let i = 0; i < 10_000; i++) model.trainOnBatch(x, y);
  expect(ek.memory()).toEqual(before);
});

it("is flat over epochs of fit with a smaller last batch, validation and prediction", async () => {
  const model = smallNetwork();
  const x = ek.randomUniform([50, 10, 10, 2], 0, 1, "float32", 2);
  const y = ek.oneHot(
    Int32Array.from({ length: 50 }, (_, i) => i % 4),
    4,
  );
  const round = async (): Promise<void> => {
    await model.fit(x, y, { batchSize: 16, epochs: 2, validationSplit: 0.2 });
    model.predict(x).dispose();
    await model.evaluate(x, y);
  };
  for (let i = 0; i < 2; i++) await round();
  const before = ek.memory();
  for (let i = 0; i < 20; i++) await round();
  expect(ek.memory()).toEqual(before);
});
