import { variableGrads } from "../autograd/gradient.ts";
import { add } from "../ops/binary.ts";
import { mean } from "../ops/reduce.ts";
import { tidy } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { accumulating } from "./accumulation.ts";
import type { Compiled } from "./compile.ts";
import type { NamedMeasure } from "./identifiers.ts";
import type { Sequential } from "./sequential.ts";
import { rollback } from "./state.ts";

/** Results by name: `{ loss, accuracy, val_loss, ... }`. */
export type Logs = Record<string, number>;

/**
 * θ ← optimizer(θ, ∂ (mean loss + penalties)/∂θ): forward in training mode, loss, backward, update, with the metrics of
 * the same predictions. Where the optimizer accumulates gradients, weights and running statistics move at its steps
 * alone. `y`: targets as the loss takes them. When it throws, weights and running statistics are as before.
 */
export function trainStep(model: Sequential, { optimizer, loss, metrics }: Compiled, x: Tensor, y: Tensor): Logs {
  const undo = rollback(model.layers);
  try {
    return tidy(() => {
      const variables = model.trainableWeights;
      const logs: Logs = { loss: 0 };
      const pass = (): ReturnType<typeof variableGrads> =>
        variableGrads(() => {
          const predictions = model.apply(x, { training: true });
          for (const metric of metrics) logs[metric.key] = measure(metric, y, predictions);
          return totalLoss(model, loss, y, predictions);
        }, variables);
      const { value, grads } = variables.length > 0 ? accumulating(model.layers, optimizer, pass) : pass();
      logs.loss = scalarOf(value);
      if (variables.length > 0) optimizer.applyGradients(grads, variables);
      return logs;
    });
  } catch (error) {
    undo();
    throw error;
  }
}

/** Loss and metrics of one batch, without training. */
export function evaluateStep(model: Sequential, { loss, metrics }: Compiled, x: Tensor, y: Tensor): Logs {
  return tidy(() => {
    const predictions = model.apply(x);
    const logs: Logs = { loss: scalarOf(totalLoss(model, loss, y, predictions)) };
    for (const metric of metrics) logs[metric.key] = measure(metric, y, predictions);
    return logs;
  });
}

/** The mean over the batch, and the penalties of the regularizers. */
export function totalLoss(model: Sequential, loss: NamedMeasure, y: Tensor, predictions: Tensor): Tensor {
  return model.losses.reduce((sum, penalty) => add(sum, penalty), mean(loss.perSample(y, predictions)));
}

function measure(metric: NamedMeasure, y: Tensor, predictions: Tensor): number {
  const targets = metric.targets(metric.key, y, predictions.shape);
  return scalarOf(mean(metric.perSample(targets, predictions)));
}

function scalarOf(x: Tensor): number {
  return x.view("loss")[0]!;
}

/** The means of logs over samples: batches weigh as much as they have samples. */
export class Means {
  readonly #sums: Logs = {};
  #samples = 0;

  add(logs: Logs, samples: number): void {
    for (const [key, value] of Object.entries(logs)) this.#sums[key] = (this.#sums[key] ?? 0) + value * samples;
    this.#samples += samples;
  }

  get values(): Logs {
    return Object.fromEntries(Object.entries(this.#sums).map(([key, sum]) => [key, sum / this.#samples]));
  }
}
