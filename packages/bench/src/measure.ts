import { difference } from "./check.ts";
import { contestant, type ContestantId } from "./contestants.ts";
import type { Pool } from "./pool.ts";
import type { Cell, Cells } from "./result.ts";
import type { Row } from "./rows/row.ts";
import { median } from "./statistics.ts";
import { Absent, type Outputs, type Prepare, type Runner } from "./runner.ts";

/** A contestant that takes longer for one run takes part in the first rounds only. */
const slow = { ms: 2000, rounds: 2 };
/** The time limit of making a job ready, compiling among it, and of each turn. */
const seconds = { prepare: 400, turn: 120 };

export interface Settings {
  readonly rounds: number;
  /** ms of a contestant's turn, and of its warming up, which lets engines optimize. */
  readonly turn: number;
  readonly warmUp: number;
  /** ms before a turn: the threads of the one before spin for a while (OpenMP's: 200 ms). */
  readonly pause: number;
  /** Why a contestant does not take part in a row, if so. */
  readonly leftOut: (row: Row, id: ContestantId) => string | undefined;
  readonly say: (text: string) => void;
}

/** What a contestant is asked to make ready. The machine does the row's work in its own way. */
function requestOf(row: Row, id: ContestantId, arrays: Prepare["arrays"]): Prepare {
  if (id !== "machine" || !row.machine) return { job: row.job, options: row.options, arrays };
  return { job: "flops" in row.machine ? "peak" : "copy", options: { ...row.machine }, arrays: {} };
}

/** One row: all contestants make ready and are checked, then take turns. */
export async function measureRow(row: Row, arrays: Prepare["arrays"], pool: Pool, settings: Settings): Promise<Cells> {
  const cells: Partial<Record<ContestantId, Cell>> = {};
  const running = new Map<ContestantId, { runner: Runner; times: number[]; rounds: number[] }>();
  let reference: Outputs | undefined;

  /** Runs a contestant's part, and notes why it is out when it fails. */
  async function attempt(id: ContestantId, part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      if (!(error instanceof Absent)) throw error;
      cells[id] = { status: error.status, reason: error.message };
      running.delete(id);
      if (error.status === "failed") await pool.drop(id);
      settings.say(`${row.id}: ${contestant(id).name} ${error.status}: ${error.message}`);
    }
  }

  for (const id of row.contestants) {
    const reason = settings.leftOut(row, id);
    if (reason !== undefined) {
      cells[id] = { status: "left out", reason };
      continue;
    }
    settings.say(`${row.id}: ${contestant(id).name} makes ready`);
    await attempt(id, async () => {
      const runner = await pool.get(id);
      const outputs = await runner.prepare(requestOf(row, id, arrays), seconds.prepare);
      if (id !== "machine") {
        reference ??= outputs;
        const problem = difference(outputs, reference, row.tolerance);
        if (problem !== undefined) throw new Absent("failed", problem);
      }
      await runner.time(settings.warmUp, seconds.turn);
      running.set(id, { runner, times: [], rounds: [] });
    });
  }
  for (let round = 0; round < settings.rounds; round++) {
    settings.say(`${row.id}: round ${round + 1} of ${settings.rounds}`);
    for (const [id, { runner, times, rounds }] of running) {
      if (round >= slow.rounds && rounds.at(-1)! > slow.ms) continue;
      await attempt(id, async () => {
        await new Promise((resolve) => setTimeout(resolve, settings.pause));
        const turn = await runner.time(settings.turn, seconds.turn);
        times.push(...turn);
        rounds.push(median(turn));
      });
    }
  }
  for (const [id, { times, rounds }] of running) {
    cells[id] = { status: "timed", median: median(rounds), best: Math.min(...times), rounds };
  }
  return cells;
}
