import type { ContestantId } from "./contestants.ts";
import type { Runner } from "./runner.ts";

/** The contestants at work, each started when it is first needed. */
export class Pool {
  readonly versions: Partial<Record<ContestantId, string>> = {};
  readonly #runners = new Map<ContestantId, Promise<Runner>>();
  readonly #start: (id: ContestantId) => Promise<Runner>;

  constructor(start: (id: ContestantId) => Promise<Runner>) {
    this.#start = start;
  }

  async get(id: ContestantId): Promise<Runner> {
    const runner = this.#runners.get(id) ?? this.#start(id);
    this.#runners.set(id, runner);
    this.versions[id] = (await runner).version;
    return runner;
  }

  /** After a failure: the next row gets a new one. */
  async drop(id: ContestantId): Promise<void> {
    const runner = this.#runners.get(id);
    this.#runners.delete(id);
    await runner?.then((running) => running.stop()).catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all([...this.#runners.keys()].map((id) => this.drop(id)));
  }
}
