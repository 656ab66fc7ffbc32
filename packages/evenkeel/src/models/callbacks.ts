import { ArgumentError, unknownName, valueText } from "../errors.ts";
import type { Sequential } from "./sequential.ts";
import type { Logs } from "./train-step.ts";

/** What a run of `fit` is going to do; `steps` and `samples` are those of an epoch. */
export interface FitParams {
  epochs: number;
  steps: number;
  samples: number;
  batchSize: number;
}

/** What `fit` reports after a step: means over the epoch so far. */
export type BatchLogs = Logs & { batch: number; size: number };

type Hook<Args extends unknown[]> = (...args: Args) => void | Promise<void>;

/** Called by `fit`, which waits for the promises that hooks return. An error in a hook ends `fit` with it. */
export interface Callback {
  setParams?(params: FitParams): void;
  setModel?(model: Sequential): void;
  onTrainBegin?: Hook<[]>;
  /** With the logs of the last epoch. Not called when `fit` throws. */
  onTrainEnd?: Hook<[logs: Logs]>;
  onEpochBegin?: Hook<[epoch: number]>;
  /** With `{ loss, accuracy, val_loss, ... }`, epochs from 0. */
  onEpochEnd?: Hook<[epoch: number, logs: Logs]>;
  onBatchBegin?: Hook<[batch: number, logs: { batch: number; size: number }]>;
  onBatchEnd?: Hook<[batch: number, logs: BatchLogs]>;
}

const hooks = ["onTrainBegin", "onTrainEnd", "onEpochBegin", "onEpochEnd", "onBatchBegin", "onBatchEnd"] as const;

/** Several callbacks as one, called in their order. */
export class CallbackList {
  readonly #callbacks: readonly Callback[];

  constructor(callbacks: unknown) {
    const list = [callbacks ?? []].flat() as unknown[];
    for (const callback of list) checkCallback(callback);
    this.#callbacks = list as Callback[];
  }

  begin(model: Sequential, params: FitParams): Promise<void> {
    for (const callback of this.#callbacks) {
      callback.setParams?.(params);
      callback.setModel?.(model);
    }
    return this.call("onTrainBegin");
  }

  async call<Name extends (typeof hooks)[number]>(
    name: Name,
    ...args: Parameters<NonNullable<Callback[Name]>>
  ): Promise<void> {
    for (const callback of this.#callbacks) {
      const hook = callback[name] as Hook<unknown[]> | undefined;
      if (hook !== undefined) await hook.apply(callback, args);
    }
  }
}

/** An object with at least one hook, and nothing that looks like a hook but is none. */
function checkCallback(callback: unknown): void {
  const names: string[] = [];
  for (let part = callback; typeof part === "object" && part !== null; part = Object.getPrototypeOf(part) as unknown) {
    names.push(...Object.getOwnPropertyNames(part));
  }
  const wrong = names.find((name) => /^on[A-Z]/.test(name) && !(hooks as readonly string[]).includes(name));
  if (wrong !== undefined) unknownName("fit", "callback hook", wrong, hooks);
  if (!hooks.some((name) => names.includes(name))) {
    throw new ArgumentError(`fit: a callback is ${valueText(callback)}; use an object with ${hooks.join(", ")}`);
  }
}
