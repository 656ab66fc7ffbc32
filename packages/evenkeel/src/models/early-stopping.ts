import { ArgumentError, checkInteger, checkKeys, checkNumber, unknownName } from "../errors.ts";
import type { Callback } from "./callbacks.ts";
import type { Sequential } from "./sequential.ts";
import { type ModelState, readState, writeState } from "./state.ts";
import type { Logs } from "./train-step.ts";

export interface EarlyStoppingOptions {
  /** The key in the logs. Default: "val_loss". */
  monitor?: string;
  /** Epochs without improvement after which training stops. Default: 0. */
  patience?: number;
  /** The least change that counts as an improvement. Default: 0. */
  minDelta?: number;
  /** Default: "auto", which maximizes accuracies and minimizes everything else. */
  mode?: "auto" | "min" | "max";
  /** Ends with the weights (and running statistics) of the best epoch. Default: false. */
  restoreBestWeights?: boolean;
  /** The first epoch that counts. Default: 0. */
  startFromEpoch?: number;
}

const modes = ["auto", "min", "max"] as const;

/**
 * Stops when `monitor` has not improved by more than `minDelta` for `patience` epochs, as Keras's EarlyStopping.
 *
 * Errors: ArgumentError when the logs have no such key.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback & { readonly stoppedEpoch: number } {
  return new EarlyStopping(options);
}

class EarlyStopping implements Callback {
  /** The epoch after which it stopped training, −1 when it did not. */
  stoppedEpoch = -1;
  readonly #options: Required<EarlyStoppingOptions>;
  /** 1 to maximize, −1 to minimize. */
  readonly #sign: number;
  #model: Sequential | undefined;
  #best = -Infinity;
  #waited = 0;
  #bestState: ModelState | undefined;

  constructor(options: EarlyStoppingOptions) {
    const op = "earlyStopping";
    checkKeys(op, options, ["monitor", "patience", "minDelta", "mode", "restoreBestWeights", "startFromEpoch"]);
    const { monitor = "val_loss", patience = 0, minDelta = 0, mode = "auto" } = options;
    const { restoreBestWeights = false, startFromEpoch = 0 } = options;
    checkInteger(op, "patience", patience);
    checkInteger(op, "startFromEpoch", startFromEpoch);
    checkNumber(op, "minDelta", minDelta, 0);
    if (!modes.includes(mode)) unknownName(op, "mode", mode, modes);
    this.#options = { monitor, patience, minDelta, mode, restoreBestWeights, startFromEpoch };
    this.#sign = mode === "max" || (mode === "auto" && /acc(uracy)?$/i.test(monitor)) ? 1 : -1;
  }

  setModel(model: Sequential): void {
    this.#model = model;
  }

  onTrainBegin(): void {
    this.stoppedEpoch = -1;
    this.#best = -Infinity;
    this.#waited = 0;
    this.#bestState = undefined;
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    const { monitor, patience, minDelta, restoreBestWeights, startFromEpoch } = this.#options;
    const value = logs[monitor];
    if (value === undefined) {
      const hint = monitor.startsWith("val_") ? "pass validationData to fit, or monitor " : "monitor ";
      throw new ArgumentError(
        `earlyStopping: no ${monitor} in the logs; ${hint}one of ${Object.keys(logs).join(", ")}`,
      );
    }
    if (epoch < startFromEpoch) return;
    if (this.#sign * value - minDelta > this.#best) {
      this.#best = this.#sign * value;
      this.#waited = 0;
      if (restoreBestWeights) this.#bestState = readState(this.#model!);
      return;
    }
    this.#waited += 1;
    if (this.#waited < patience) return;
    this.stoppedEpoch = epoch;
    this.#model!.stopTraining = true;
  }

  onTrainEnd(): void {
    if (this.#bestState !== undefined) writeState(this.#model!, this.#bestState);
    this.#bestState = undefined;
  }
}
