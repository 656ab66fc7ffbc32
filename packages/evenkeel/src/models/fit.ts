import { batchesOf, lengthOf, type Range, takeBatch } from "../data/batches.ts";
import type { SamplesLike } from "../data/samples.ts";
import { splitValidation } from "../data/split.ts";
import { ArgumentError, checkInteger, checkKeys, EvenkeelError, valueText } from "../errors.ts";
import { tidy } from "../tensor/scope.ts";
import { Breather } from "./breather.ts";
import { type Callback, CallbackList } from "./callbacks.ts";
import { evaluateRange } from "./evaluate.ts";
import { checkPair, type Data, prepare } from "./prepare.ts";
import type { Sequential } from "./sequential.ts";
import { needsTwoSamples } from "./state.ts";
import { type Logs, Means, trainStep } from "./train-step.ts";

export interface FitOptions {
  /** Samples a step. Default: 32. */
  batchSize?: number;
  /** The epoch to end before, counted from 0. Default: 1. */
  epochs?: number;
  /** The epoch to start with, for a run that goes on. Default: 0. */
  initialEpoch?: number;
  /** `[x, y]`: evaluated after each epoch, as val_loss and so on. */
  validationData?: readonly [SamplesLike, SamplesLike];
  /** Instead: this share of the samples, the last ones before shuffling. */
  validationSplit?: number;
  /** A new order in each epoch, fixed by `setSeed`. Default: true. */
  shuffle?: boolean;
  callbacks?: Callback | readonly Callback[];
  /** Stops after the step; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The results of the epochs by name: loss, accuracy, val_loss, val_accuracy. */
export interface History {
  readonly epoch: number[];
  readonly history: Record<string, number[]>;
}

const optionNames: readonly (keyof FitOptions)[] = [
  "batchSize",
  "epochs",
  "initialEpoch",
  "validationData",
  "validationSplit",
  "shuffle",
  "callbacks",
  "signal",
];

const training = new WeakSet<Sequential>();

/**
 * Trains for epochs of steps of `batchSize` samples. The numbers of an epoch are means over its samples. A last batch
 * of one sample joins the batch before it where a layer could not train on one.
 *
 * After each 40 ms of work the event loop gets a turn, so that timers run and a page stays alive. An aborted `signal`
 * ends it after the step: the promise rejects with the signal's reason, the model keeps what it has learned, and
 * `model.history` has the epochs that were finished. A callback ends it without an error by `model.stopTraining =
 * true`.
 *
 * Errors (the promise rejects): ShapeError, DataError or ArgumentError for the data and options, before anything has
 * changed; what a layer or callback throws. The step that failed is undone, the model goes on being usable.
 */
export async function fit(model: Sequential, x: SamplesLike, y: SamplesLike, options: FitOptions): Promise<History> {
  const run = readOptions(options);
  run.signal?.throwIfAborted();
  if (training.has(model)) throw new EvenkeelError(`fit: ${model.name} is training already; await that fit first`);
  training.add(model);
  const prepared: Data[] = [];
  try {
    const data = prepare("fit", model, x, y);
    prepared.push(data);
    const whole = { start: 0, end: data.samples };
    if (run.validationData !== undefined) {
      const validation = prepare("fit", model, ...checkPair("fit", "validationData", run.validationData), "Validation");
      prepared.push(validation);
      return await runEpochs(model, run, data, whole, validation, { start: 0, end: validation.samples });
    }
    if (run.validationSplit === undefined) return await runEpochs(model, run, data, whole);
    const split = splitValidation("fit", data.samples, run.validationSplit);
    return await runEpochs(model, run, data, split.training, data, split.validation);
  } finally {
    for (const data of prepared) data.dispose();
    training.delete(model);
  }
}

type Run = ReturnType<typeof readOptions>;

async function runEpochs(
  model: Sequential,
  run: Run,
  data: Data,
  range: Range,
  validation?: Data,
  validationRange?: Range,
): Promise<History> {
  const { batchSize, epochs, initialEpoch, shuffle, callbacks, signal } = run;
  const batches = batchesOf(range, batchSize, needsTwoSamples(model));
  const breather = new Breather(signal);
  const result: History = { epoch: [], history: {} };
  model.history = result;
  model.stopTraining = false;
  let logs: Logs = {};
  await callbacks.begin(model, { epochs, steps: batches.length, samples: lengthOf(range), batchSize });
  for (let epoch = initialEpoch; epoch < epochs && !model.stopTraining; epoch++) {
    await callbacks.call("onEpochBegin", epoch);
    const order = shuffle ? model.shuffles.permutation(lengthOf(range)) : undefined;
    logs = await runSteps(model, run, data, batches, order, breather);
    if (validation !== undefined && validationRange !== undefined) {
      const values = await evaluateRange(model, validation, validationRange, batchSize, breather);
      for (const [key, value] of Object.entries(values)) logs[`val_${key}`] = value;
    }
    result.epoch.push(epoch);
    for (const [key, value] of Object.entries(logs)) (result.history[key] ??= []).push(value);
    await callbacks.call("onEpochEnd", epoch, logs);
    signal?.throwIfAborted();
  }
  await callbacks.call("onTrainEnd", logs);
  return result;
}

/** The steps of one epoch. */
async function runSteps(
  model: Sequential,
  { callbacks }: Run,
  data: Data,
  batches: readonly Range[],
  order: Int32Array | undefined,
  breather: Breather,
): Promise<Logs> {
  const means = new Means();
  for (const [batch, range] of batches.entries()) {
    const size = lengthOf(range);
    await callbacks.call("onBatchBegin", batch, { batch, size });
    const step = tidy(() => {
      const [x, y] = [data.x, data.y].map((tensor) => takeBatch("fit", tensor, range, order));
      return trainStep(model, data.compiled, x!, y!);
    });
    means.add(step, size);
    await callbacks.call("onBatchEnd", batch, { ...means.values, batch, size });
    await breather.breathe();
    if (model.stopTraining) break;
  }
  return means.values;
}

function readOptions(options: FitOptions) {
  const op = "fit";
  if (typeof options !== "object" || options === null) {
    throw new ArgumentError(`${op}: options are ${valueText(options)}; pass { batchSize, epochs, ... }`);
  }
  checkKeys(op, options, optionNames);
  const { validationData, validationSplit, shuffle = true, signal } = options;
  if (validationData !== undefined && validationSplit !== undefined) {
    throw new ArgumentError(`${op}: validationData and validationSplit came; pass one of them`);
  }
  if (typeof shuffle !== "boolean")
    throw new ArgumentError(`${op}: shuffle is ${valueText(shuffle)}; use true or false`);
  if (signal !== undefined && typeof signal.throwIfAborted !== "function") {
    throw new ArgumentError(`${op}: signal is ${valueText(signal)}; pass an AbortSignal`);
  }
  const initialEpoch = checkInteger(op, "initialEpoch", options.initialEpoch ?? 0);
  return {
    batchSize: checkInteger(op, "batchSize", options.batchSize ?? 32, 1),
    epochs: checkInteger(op, "epochs", options.epochs ?? 1, 1),
    initialEpoch,
    validationData,
    validationSplit,
    shuffle,
    signal,
    callbacks: new CallbackList(options.callbacks),
  };
}
