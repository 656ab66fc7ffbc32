import * as ek from "evenkeel";

/** The tutorial's network, compiled. */
export function tutorial(): ek.Sequential {
  const model = ek.sequential([
    ek.layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu", inputShape: [28, 28, 1] }),
    ek.layers.batchNormalization(),
    ek.layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
    ek.layers.batchNormalization(),
    ek.layers.maxPooling2d({ poolSize: 2 }),
    ek.layers.flatten(),
    ek.layers.dense({ units: 128, activation: "relu" }),
    ek.layers.batchNormalization(),
    ek.layers.dense({ units: 10, activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}
