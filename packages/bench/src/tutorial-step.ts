// The tutorial's training step, batch 128, one thread: evenkeel beside PyTorch, in rounds that take turns in one run.
// PyTorch comes from the Python named by EVENKEEL_PYTHON (default python3), and is left out, by name, without one.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as ek from "evenkeel";
import { tutorial } from "./tutorial.ts";

const rounds = 6;
const stepsPerRound = 5;
const batch = 128;

interface Contestant {
  readonly name: string;
  readonly run: (steps: number) => Promise<number[]>;
}

function evenkeel(): Contestant {
  ek.setSeed(1);
  const model = tutorial();
  const images = ek.randomUniform([batch, 28, 28, 1]);
  const labels = ek.oneHot(
    Int32Array.from({ length: batch }, (_, i) => i % 10),
    10,
  );
  const step = (): number => {
    const start = performance.now();
    model.trainOnBatch(images, labels);
    return performance.now() - start;
  };
  return { name: "evenkeel", run: async (steps) => Array.from({ length: steps }, step) };
}

async function pytorch(): Promise<Contestant[]> {
  const program = process.env["EVENKEEL_PYTHON"] ?? "python3";
  const script = fileURLToPath(new URL("tutorial_step.py", import.meta.url));
  const child = spawn(program, [script], { stdio: ["pipe", "pipe", "ignore"] });
  child.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const version = await lines.next();
  if (version.done) {
    console.log(`PyTorch is left out: ${program} has none (name a Python that has it in EVENKEEL_PYTHON)`);
    return [];
  }
  return ["channels-last", "channels-first"].map((layout) => ({
    name: `PyTorch ${version.value}, ${layout}`,
    run: async (steps) => {
      child.stdin.write(`${layout} ${steps}\n`);
      return JSON.parse((await lines.next()).value ?? "[]") as number[];
    },
  }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

const contestants = [evenkeel(), ...(await pytorch())];
const times = new Map(contestants.map(({ name }) => [name, [] as number[]]));
for (const { run } of contestants) await run(3);
for (let round = 0; round < rounds; round++) {
  for (const { name, run } of contestants) times.get(name)!.push(...(await run(stepsPerRound)));
}

const reference = median(times.get("evenkeel")!);
console.log(`\nTutorial training step, batch ${batch}, one thread, ${rounds * stepsPerRound} steps each\n`);
console.log("| | median ms | best ms | evenkeel's time as a share |\n|-|-|-|-|");
for (const [name, all] of times) {
  const share = (reference / median(all)).toFixed(2);
  console.log(`| ${name} | ${median(all).toFixed(1)} | ${Math.min(...all).toFixed(1)} | ${share} |`);
}
process.exit();
