// The networks that are compared. evenkeel and TensorFlow.js spell them alike, so both build them from here.

/**
 * The tutorial's network: what Keras's MNIST examples build, with batch normalization.
 * @param {Pick<typeof import("evenkeel"), "layers" | "sequential">} library
 */
export const tutorial = ({ layers, sequential }) =>
  sequential({
    layers: [
      layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu", inputShape: [28, 28, 1] }),
      layers.batchNormalization(),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
      layers.batchNormalization(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 128, activation: "relu" }),
      layers.batchNormalization(),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
  });

/**
 * Two hidden layers on flat images.
 * @param {Pick<typeof import("evenkeel"), "layers" | "sequential">} library
 */
export const mlp = ({ layers, sequential }) =>
  sequential({
    layers: [
      layers.dense({ units: 64, activation: "relu", inputShape: [784] }),
      layers.batchNormalization(),
      layers.dense({ units: 64, activation: "relu" }),
      layers.batchNormalization(),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
