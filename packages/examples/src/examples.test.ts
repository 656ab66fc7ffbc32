import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { drawDigits } from "./draw-digits.ts";
import { progressBar } from "./progress-bar.ts";
import { readOptions, untilCtrlC } from "./terminal.ts";

let lines: string[];
let exit: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  lines = [];
  const print = (line: string): void => void lines.push(...line.split("\n"));
  vi.spyOn(console, "log").mockImplementation(print);
  vi.spyOn(console, "error").mockImplementation(print);
  exit = vi.spyOn(process, "exit").mockImplementation((code) => {
    throw new Error(`exit ${String(code)}`);
  });
});
afterEach(() => vi.restoreAllMocks());

describe("readOptions", () => {
  it("has defaults", () => {
    const { epochs, batchSize, seed, train, folder, file } = readOptions([]);
    expect([epochs, batchSize, seed, train, folder, file]).toEqual([
      5,
      128,
      1,
      Infinity,
      undefined,
      "mnist.safetensors",
    ]);
    expect(readOptions(["--epochs", "2", "--train=100", "--data", "d"])).toMatchObject({
      epochs: 2,
      train: 100,
      folder: "d",
    });
  });

  it.each([
    [["--epochs", "0"], "--epochs 0: use an integer of at least 1"],
    [["--seed", "x"], "--seed x: use an integer of at least 0"],
    [["--train", ""], "--train : use an integer of at least 1"],
    [["--epoch", "3"], "--epoch"],
  ])("refuses %j", (args, message) => {
    expect(() => readOptions(args)).toThrow("exit 2");
    expect(lines.join("\n")).toContain(message);
    expect(lines.join("\n")).toContain("--batch-size N");
  });

  it("prints its help", () => {
    vi.mocked(exit).mockImplementationOnce(() => {
      throw new Error("exit");
    });
    expect(() => readOptions(["--help"])).toThrow("exit");
    expect(lines[0]).toContain("Trains a small convolutional network");
  });
});

describe("untilCtrlC", () => {
  it("aborts the signal, says so and exits with 130", async () => {
    const once = vi.spyOn(process, "once");
    const run = untilCtrlC(async (signal) => {
      process.emit("SIGINT");
      signal.throwIfAborted();
    });
    await expect(run).rejects.toThrow("exit 130");
    const [, atExit] = once.mock.calls.find(([event]) => event === "exit")!;
    process.removeListener("exit", atExit);
    (atExit as () => void)();
    expect(lines).toEqual(["Stopped by Ctrl-C, after the step that was running."]);
  });

  it("hands on results and other errors, and lets go of Ctrl-C", async () => {
    const before = process.listenerCount("SIGINT");
    expect(await untilCtrlC(async () => 5)).toBe(5);
    await expect(untilCtrlC(async () => Promise.reject(new Error("other")))).rejects.toThrow("other");
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});

describe("drawDigits", () => {
  it("draws two pixels a character, with what was predicted and the truth", () => {
    const images = new Uint8Array(2 * 784);
    images[3 * 28 + 3] = 255;
    images[4 * 28 + 4] = 255;
    images[784 + 3 * 28 + 24] = 255;
    images[784 + 4 * 28 + 24] = 255;
    drawDigits({ images, labels: new Uint8Array([7, 1]) }, [7, 4]);
    expect(lines[0]).toBe(`▀▄${" ".repeat(20 + 2 + 21)}█`);
    expect(lines.at(-1)).toMatch(/^7 ✓ +4 ✗ it is 1$/);
    expect(lines).toHaveLength(12);
  });
});

describe("progressBar", () => {
  it("prints a line for each epoch", async () => {
    const bar = progressBar();
    bar.setParams!({ epochs: 3, steps: 2, samples: 20, batchSize: 10 });
    await bar.onTrainBegin!();
    await bar.onEpochBegin!(1);
    await bar.onBatchEnd!(0, { batch: 0, size: 10, loss: 0.5 });
    await bar.onBatchEnd!(1, { batch: 1, size: 10, loss: 0.25 });
    await bar.onEpochEnd!(1, { loss: 0.25, val_loss: 2 });
    await bar.onTrainEnd!({});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Epoch 2\/3: 2 steps \d+ images\/s [\d.]+ ms\/step loss 0\.2500 val_loss 2\.0000$/);
  });
});
