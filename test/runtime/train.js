/**
 * Trains for 100 steps, with layers large enough that several threads share the work: plain JavaScript that imports
 * nothing, so that any host can load it.
 *
 * @param {typeof import("evenkeel")} ek
 * @returns {{ hash: string, first: number, loss: number }} the hash of all weights and losses, the first and last loss
 */
export function train(ek) {
  ek.setSeed(7);
  const [samples, batchSize] = [192, 64];
  const x = ek.randomNormal([samples, 16, 16, 8]);
  const teacher = ek.randomNormal([2048, 10]);
  const y = ek.tidy(() => ek.oneHot(ek.argMax(ek.matMul(ek.reshape(x, [samples, 2048]), teacher)), 10));
  const model = ek.sequential([
    ek.layers.conv2d({ filters: 16, kernelSize: 3, activation: "relu", inputShape: [16, 16, 8] }),
    ek.layers.batchNormalization(),
    ek.layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, activation: "relu" }),
    ek.layers.batchNormalization(),
    ek.layers.maxPooling2d({ poolSize: 2 }),
    ek.layers.flatten(),
    ek.layers.dense({ units: 256, activation: "tanh" }),
    ek.layers.batchNormalization(),
    ek.layers.dropout({ rate: 0.2 }),
    ek.layers.dense({ units: 10, activation: "softmax" }),
  ]);
  model.compile({ optimizer: ek.train.adam(0.003), loss: "categoricalCrossentropy" });
  const losses = new Float64Array(100);
  for (let step = 0; step < losses.length; step++) {
    const start = (step * batchSize) % samples;
    const [images, labels] = [ek.slice(x, start, batchSize), ek.slice(y, start, batchSize)];
    losses[step] = model.trainOnBatch(images, labels)["loss"] ?? NaN;
    ek.dispose([images, labels]);
  }
  const weights = model.getWeights();
  const hash = hashOf([losses, ...weights.map((tensor) => tensor.dataSync())]);
  ek.dispose([x, y, teacher, ...weights]);
  model.optimizer?.dispose();
  model.dispose();
  const [first = NaN, loss = NaN] = [losses.at(0), losses.at(-1)];
  return { hash, first, loss };
}

/**
 * FNV-1a over 32-bit words.
 * @param {ArrayBufferView[]} arrays
 */
export function hashOf(arrays) {
  let hash = 0x811c9dc5;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    for (const word of new Int32Array(buffer, byteOffset, byteLength / 4)) hash = Math.imul(hash ^ word, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
