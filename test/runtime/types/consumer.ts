// A user's program: it is compiled against the installed package, never run.
import * as ek from "evenkeel";
import type { Logs, Sequential, Tensor } from "evenkeel";

const model: Sequential = ek.sequential([
  ek.layers.conv2d({ filters: 4, kernelSize: [3, 3], activation: "relu", inputShape: [28, 28, 1] }),
  ek.layers.batchNormalization({ axis: -1, momentum: 0.9 }),
  ek.layers.maxPooling2d({ poolSize: 2 }),
  ek.layers.flatten(),
  ek.layers.dense({ units: 10, activation: "softmax" }),
]);
model.compile({ optimizer: ek.optimizers.adam({ learningRate: 1e-3 }), loss: "categoricalCrossentropy" });

export async function train(x: Tensor, y: Float32Array): Promise<number | undefined> {
  const { history } = await model.fit(x, ek.tensor(y, [-1, 10]), { epochs: 1, validationData: [x, y] });
  const losses: number[] | undefined = history["loss"];
  const logs: Logs = model.trainOnBatch(x, [[0, 1]]);
  const { value, grads } = ek.variableGrads(() => ek.sum(model.apply(x, { training: true })));
  const gradient: Tensor | undefined = grads["dense/kernel"];
  value.dispose();
  return (losses?.[0] ?? 0) + (logs["loss"] ?? 0) + (gradient?.size ?? 0);
}

// @ts-expect-error a tensor is no string
ek.relu("x");
// @ts-expect-error filters are a number
ek.layers.conv2d({ filters: "4", kernelSize: 3 });
// @ts-expect-error there is no such name
ek.layers.conv3d({});
