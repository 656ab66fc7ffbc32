import { batchesOf, lengthOf, type Range, takeBatch } from "../data/batches.ts";
import type { SamplesLike } from "../data/samples.ts";
import { checkInteger, checkKeys } from "../errors.ts";
import { concat, reshape } from "../ops/shaping.ts";
import { tidy } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Breather } from "./breather.ts";
import { type Data, prepare, toInputs } from "./prepare.ts";
import type { Sequential } from "./sequential.ts";
import { evaluateStep, type Logs, Means } from "./train-step.ts";

export interface PredictOptions {
  /** Samples that are in memory at once. Default: 32. */
  batchSize?: number;
}

export async function evaluate(
  model: Sequential,
  x: SamplesLike,
  y: SamplesLike,
  options: PredictOptions,
): Promise<Logs> {
  const batchSize = readBatchSize("evaluate", options);
  const data = prepare("evaluate", model, x, y);
  try {
    return await evaluateRange(model, data, { start: 0, end: data.samples }, batchSize, new Breather());
  } finally {
    data.dispose();
  }
}

/** The means over a range of samples. Gives other work a turn between batches, and stops there when aborted. */
export async function evaluateRange(
  model: Sequential,
  data: Data,
  range: Range,
  batchSize: number,
  breather: Breather,
): Promise<Logs> {
  const means = new Means();
  for (const batch of batchesOf(range, batchSize)) {
    const logs = tidy(() => {
      const [x, y] = [data.x, data.y].map((tensor) => takeBatch("evaluate", tensor, batch));
      return evaluateStep(model, data.compiled, x!, y!);
    });
    means.add(logs, lengthOf(batch));
    await breather.breathe();
  }
  return means.values;
}

export function predict(model: Sequential, x: SamplesLike, options: PredictOptions): Tensor {
  const batchSize = readBatchSize("predict", options);
  return tidy(() => {
    const inputs = toInputs("predict", model, x, "x");
    const batches = batchesOf({ start: 0, end: inputs.shape[0]! }, batchSize);
    const parts = batches.map((batch) => tidy(() => model.apply(takeBatch("predict", inputs, batch))));
    // A handle of its own: a model may hand on its very input.
    return parts.length === 1 ? reshape(parts[0]!, parts[0]!.shape) : concat(parts);
  });
}

function readBatchSize(op: string, options: PredictOptions): number {
  checkKeys(op, options, ["batchSize"]);
  return checkInteger(op, "batchSize", options.batchSize ?? 32, 1);
}
