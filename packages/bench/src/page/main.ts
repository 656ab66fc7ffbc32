// The rows that the page's contestants can do, measured as in Node (measure.ts), with workers instead of processes.
import { contestant, type ContestantId } from "../contestants.ts";
import { measureRow, type Settings } from "../measure.ts";
import { Pool } from "../pool.ts";
import type { Cell, Cells } from "../result.ts";
import type { Row } from "../rows/row.ts";
import { rows } from "../rows.ts";
import { type Line, Runner } from "../runner.ts";
import { timeText } from "../table.ts";
import { shareOf } from "../verdicts.ts";

const shown: readonly ContestantId[] = ["evenkeel", "tfjs-wasm", "tfjs-cpu"];

const element = (id: string): HTMLElement => document.getElementById(id)!;
const say = (text: string): void => void (element("status").textContent = text);

const settings: Settings = {
  rounds: 5,
  turn: 100,
  warmUp: 500,
  pause: 50,
  leftOut: ({ slow }, id) => (slow?.includes(id) ? "takes too long" : undefined),
  say,
};

/** A worker that speaks as a contestant's process does. */
function startWorker(id: ContestantId): Promise<Runner> {
  const { peer, threads, options } = contestant(id);
  const worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
  const answers: unknown[] = [];
  let wake: (() => void) | undefined;
  const push = (answer: unknown): void => {
    answers.push(answer);
    wake?.();
  };
  worker.addEventListener("message", ({ data }) => push(data));
  worker.addEventListener("error", ({ message }) => push({ error: message || "its worker failed" }));
  const line: Line = {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's has no origin
    send: (request) => worker.postMessage(request),
    async receive() {
      if (answers.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return answers.shift();
    },
    stop: () => worker.terminate(),
  };
  line.send({ load: peer, options: { threads, ...options } });
  return Runner.start(line);
}

function cellText(cells: Cells, id: ContestantId): string {
  const cell: Cell | undefined = cells[id];
  if (cell === undefined) return "";
  if (cell.status !== "timed") return `${cell.status}: ${cell.reason}`;
  const times = 1 / shareOf(cells, "evenkeel", [id]);
  return timeText(cell.median) + (id === "evenkeel" ? "" : ` (${times.toFixed(times < 10 ? 1 : 0)}×)`);
}

function addCells(line: HTMLElement, kind: "td" | "th", texts: readonly string[]): void {
  for (const text of texts) {
    const cell = document.createElement(kind);
    cell.textContent = text;
    line.append(cell);
  }
}

function addRow({ title }: Row, cells: Cells): void {
  const line = document.createElement("tr");
  addCells(line, "td", [title, ...shown.map((id) => cellText(cells, id))]);
  element("rows").append(line);
}

async function run(): Promise<void> {
  element("rows").replaceChildren();
  const pool = new Pool(startWorker);
  for (const row of rows) {
    const contestants = row.contestants.filter((id) => shown.includes(id));
    if (row.job === "start" || row.slow === "all" || contestants.length < 2) continue;
    addRow(row, await measureRow({ ...row, contestants }, row.arrays, pool, settings));
  }
  await pool.close();
  say("Done.");
}

addCells(element("names"), "th", ["work", ...shown.map((id) => contestant(id).name)]);
const button = element("run") as HTMLButtonElement;
button.addEventListener("click", () => {
  button.disabled = true;
  void run()
    .catch((error: unknown) => say(String(error)))
    .finally(() => (button.disabled = false));
});
