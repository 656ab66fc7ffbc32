import process from "node:process";
import cliProgress from "cli-progress";
import type { BatchLogs, Callback, FitParams, Logs } from "evenkeel";

/** Shows each epoch of `fit` as a bar; as one line at its end where there is no terminal. */
export function progressBar(): Callback {
  return new ProgressBar();
}

class ProgressBar implements Callback {
  readonly #bar = new cliProgress.SingleBar({
    format: "{epoch} {bar} {value}/{total} {text}",
    barsize: 16,
    barCompleteChar: "━",
    barIncompleteChar: "─",
    hideCursor: true,
  });
  #params: FitParams = { epochs: 0, steps: 0, samples: 0, batchSize: 0 };
  #start = 0;
  #samples = 0;
  #text = "";

  setParams(params: FitParams): void {
    this.#params = params;
  }

  onEpochBegin(epoch: number): void {
    this.#start = performance.now();
    this.#samples = 0;
    this.#bar.start(this.#params.steps, 0, { epoch: this.#title(epoch), text: "" });
  }

  onBatchEnd(_: number, { batch, size, ...logs }: BatchLogs): void {
    this.#samples += size;
    const ms = performance.now() - this.#start;
    const speed = `${Math.round((1000 * this.#samples) / ms)} images/s ${(ms / (batch + 1)).toFixed(1)} ms/step`;
    this.#text = `${speed} ${numbers(logs)}`;
    this.#bar.update(batch + 1, { text: this.#text });
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    const validation = Object.entries(logs).filter(([key]) => key.startsWith("val_"));
    const text = `${this.#text} ${numbers(Object.fromEntries(validation))}`.trimEnd();
    this.#bar.update({ text });
    this.#bar.stop();
    if (!process.stderr.isTTY) console.log(`${this.#title(epoch)}: ${this.#params.steps} steps ${text}`);
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
