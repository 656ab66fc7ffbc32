import process from "node:process";
import { parseArgs } from "node:util";

const help = `Trains a small convolutional network on MNIST. Options:

  --epochs N       default 5
  --batch-size N   default 128
  --seed N         of weights, shuffles and data splits, default 1
  --train N        only the first N training images
  --data FOLDER    with MNIST's idx files, default EVENKEEL_DATA
  --save FILE      default mnist.safetensors`;

const text = { type: "string" } as const;
const options = {
  epochs: text,
  "batch-size": text,
  seed: text,
  train: text,
  data: text,
  save: text,
  help: { type: "boolean", short: "h" },
} as const;

/** The options of the command line. Prints the help, or what is wrong, and exits. */
export function readOptions(args: string[] = process.argv.slice(2)) {
  try {
    const { values } = parseArgs({ args, options });
    if (values.help) leave(help, 0);
    return {
      epochs: readInteger("epochs", values.epochs ?? "5", 1),
      batchSize: readInteger("batch-size", values["batch-size"] ?? "128", 1),
      seed: readInteger("seed", values.seed ?? "1", 0),
      train: values.train === undefined ? Infinity : readInteger("train", values.train, 1),
      folder: values.data,
      file: values.save ?? "mnist.safetensors",
    };
  } catch (error) {
    return leave(`${(error as Error).message}\n\n${help}`, 2);
  }
}

/** Runs a training that Ctrl-C stops after the step it is at; then says so and exits with 130, as shells expect. */
export async function untilCtrlC<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // Once: a second Ctrl-C ends the process at once, as ever.
  const abort = (): void => controller.abort();
  process.once("SIGINT", abort);
  try {
    return await run(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    // At the very end, when the progress bar has cleared its line.
    process.once("exit", () => console.error("Stopped by Ctrl-C, after the step that was running."));
    return process.exit(130);
  } finally {
    process.removeListener("SIGINT", abort);
  }
}

function readInteger(name: string, value: string, min: number): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isSafeInteger(number) && number >= min) return number;
  throw new Error(`--${name} ${value}: use an integer of at least ${min}`);
}

function leave(message: string, code: number): never {
  (code === 0 ? console.log : console.error)(message);
  process.exit(code);
}
