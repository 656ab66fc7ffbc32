import { difference } from "./check.ts";
import { contestant, type ContestantId } from "./contestants.ts";
import type { Cell, Cells } from "./result.ts";
import type { Row } from "./rows/row.ts";
import { median } from "./statistics.ts";
import { Absent, type Outputs, type Prepare, Worker } from "./worker.ts";

/** A contestant that takes longer for one run takes part in the first rounds only. */
const slow = { ms: 2000, rounds: 2 };
/** The time limit of making a job ready, compiling among it, and of each turn. */
const seconds = { prepare: 240, turn: 120 };

export interface Settings {
  readonly rounds: number;
  /** ms of a contestant's turn, and of its warming up, which lets engines optimize. */
  readonly turn: number;
  readonly warmUp: number;
  /** Why a contestant does not take part in a row, if so. */
  readonly leftOut: (row: Row, id: ContestantId) => string | undefined;
  readonly say: (text: string) => void;
}

/** The processes of the contestants, started when they are first needed. */
export class Pool {
  readonly versions: Partial<Record<ContestantId, string>> = {};
  readonly #workers = new Map<ContestantId, Promise<Worker>>();
  readonly #python: string;

  constructor(python: string) {
    this.#python = python;
  }

  async get(id: ContestantId): Promise<Worker> {
    const worker = this.#workers.get(id) ?? Worker.start(contestant(id), this.#python);
    this.#workers.set(id, worker);
    this.versions[id] = (await worker).version;
    return worker;
  }

  /** After a failure: the next row gets a new process. */
  async drop(id: ContestantId): Promise<void> {
    const worker = this.#workers.get(id);
    this.#workers.delete(id);
    await worker?.then((running) => running.stop()).catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.keys()].map((id) => this.drop(id)));
  }
}

/** What a contestant is asked to make ready. The machine does the row's work in its own way. */
function requestOf(row: Row, id: ContestantId, arrays: Prepare["arrays"]): Prepare {
  if (id !== "machine" || !row.machine) return { job: row.job, options: row.options, arrays };
  return { job: "flops" in row.machine ? "peak" : "copy", options: { ...row.machine }, arrays: {} };
}

/** One row: all contestants make ready and are checked, then take turns. */
export async function measureRow(row: Row, arrays: Prepare["arrays"], pool: Pool, settings: Settings): Promise<Cells> {
  const cells: Partial<Record<ContestantId, Cell>> = {};
  const running = new Map<ContestantId, { worker: Worker; times: number[]; rounds: number[] }>();
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
      const worker = await pool.get(id);
      const outputs = await worker.prepare(requestOf(row, id, arrays), seconds.prepare);
      if (id !== "machine") {
        reference ??= outputs;
        const problem = difference(outputs, reference, row.tolerance);
        if (problem !== undefined) throw new Absent("failed", problem);
      }
      await worker.time(settings.warmUp, seconds.turn);
      running.set(id, { worker, times: [], rounds: [] });
    });
  }
  for (let round = 0; round < settings.rounds; round++) {
    settings.say(`${row.id}: round ${round + 1} of ${settings.rounds}`);
    for (const [id, { worker, times, rounds }] of running) {
      if (round >= slow.rounds && rounds.at(-1)! > slow.ms) continue;
      await attempt(id, async () => {
        const turn = await worker.time(settings.turn, seconds.turn);
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
