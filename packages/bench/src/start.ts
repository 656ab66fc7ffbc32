import { spawnSync } from "node:child_process";
import { contestant, type ContestantId } from "./contestants.ts";
import type { Settings } from "./measure.ts";
import { commandOf } from "./process.ts";
import type { Cell, Cells } from "./result.ts";
import type { Row } from "./rows/row.ts";
import type { Prepare } from "./runner.ts";
import { median } from "./statistics.ts";

/** The ms of a whole process that predicts once; of the machine, of one that does nothing. */
function run(id: ContestantId, request: string, python: string): number {
  const { program, args, env } = commandOf(contestant(id), python);
  const start = performance.now();
  const empty = id === "machine";
  const child = spawnSync(program, empty ? ["-e", ""] : [...args, request], { env, encoding: "utf8" });
  const ms = performance.now() - start;
  const answer = child.stdout.trim().split("\n").at(-1)!;
  if (!empty && !answer.startsWith('{"outputs"')) throw new Error(answer || child.stderr);
  return ms;
}

/** From the start of a process to the end of its first prediction, in turns. */
export function measureStart(row: Row, arrays: Prepare["arrays"], python: string, settings: Settings): Cells {
  const request = JSON.stringify({ prepare: { job: "predict", options: row.options, arrays } });
  const cells: Partial<Record<ContestantId, Cell>> = {};
  const running = new Map<ContestantId, number[]>();
  for (const id of row.contestants) {
    const reason = settings.leftOut(row, id);
    if (reason === undefined) running.set(id, []);
    else cells[id] = { status: "left out", reason };
  }
  for (let round = 0; round < settings.rounds; round++) {
    settings.say(`${row.id}: round ${round + 1} of ${settings.rounds}`);
    for (const [id, rounds] of running) {
      try {
        rounds.push(run(id, request, python));
      } catch (error) {
        running.delete(id);
        cells[id] = { status: "failed", reason: String(error) };
      }
    }
  }
  for (const [id, rounds] of running) {
    cells[id] = { status: "timed", median: median(rounds), best: Math.min(...rounds), rounds };
  }
  return cells;
}
