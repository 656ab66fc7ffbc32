import process from "node:process";
import cliProgress from "cli-progress";
import type { BatchLogs, Callback, FitParams, Logs } from "evenkeel";

/** Shows the running epoch of `fit` as a bar where there is a terminal, and each finished one as a line. */
export function progressBar(): Callback {
  return new ProgressBar();
}

class ProgressBar implements Callback {
  readonly #bar = new cliProgress.SingleBar({
    format: "{epoch} {bar} {value}/{total} {text}",
    barsize: 12,
    barCompleteChar: "━",
    barIncompleteChar: "─",
    hideCursor: true,
    clearOnComplete: true,
  });
  /** Gives the cursor back when the process ends in the middle. */
  readonly #stop = (): void => this.#bar.stop();
  #params: FitParams = { epochs: 0, steps: 0, samples: 0, batchSize: 0 };
  #start = 0;
  #samples = 0;
  #speed = "";

  setParams(params: FitParams): void {
    this.#params = params;
  }

  onTrainBegin(): void {
    process.once("exit", this.#stop);
  }

  onTrainEnd(): void {
    process.removeListener("exit", this.#stop);
  }

  onEpochBegin(epoch: number): void {
    this.#start = performance.now();
    this.#samples = 0;
    this.#bar.start(this.#params.steps, 0, { epoch: this.#title(epoch), text: "" });
  }

  onBatchEnd(_: number, { batch, size, ...logs }: BatchLogs): void {
    this.#samples += size;
    const ms = performance.now() - this.#start;
    this.#speed = `${Math.round((1000 * this.#samples) / ms)} images/s ${(ms / (batch + 1)).toFixed(1)} ms/step`;
    this.#bar.update(batch + 1, { text: `${this.#speed} ${numbers(logs)}` });
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    this.#bar.stop();
    console.log(`${this.#title(epoch)}: ${this.#params.steps} steps ${this.#speed} ${numbers(logs)}`);
  }

  #title(epoch: number): string {
    return `Epoch ${epoch + 1}/${this.#params.epochs}`;
  }
}

function numbers(logs: Logs): string {
  return Object.entries(logs)
    .map(([key, value]) => `${key} ${value.toFixed(4)}`)
    .join(" ");
}
