import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contestant } from "./contestants.ts";
import { peerFolder, peers } from "./paths.ts";

export type Outputs = Readonly<Record<string, readonly number[]>>;

export interface Prepare {
  readonly job: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, { readonly file: string; readonly shape: readonly number[] }>>;
}

/** Why a contestant has no time in a row: it lacks something, or it failed. */
export class Absent extends Error {
  readonly status: "cannot" | "failed";
  constructor(status: "cannot" | "failed", reason: string) {
    super(reason);
    this.status = status;
  }
}

interface Answer {
  readonly version?: string;
  readonly outputs?: Outputs;
  readonly times?: readonly number[];
  readonly cannot?: string;
  readonly error?: string;
}

/** The command of a contestant's process, and the environment that holds it to its threads. */
export function commandOf({ peer, python, threads, options }: Contestant, program: string) {
  const settings = { threads, ...options };
  const pinned = ["OMP", "MKL", "OPENBLAS"].map((library) => [`${library}_NUM_THREADS`, String(threads)]);
  return {
    program: python ? program : process.execPath,
    args: python
      ? [join(peers, "serve.py"), peer, JSON.stringify(settings)]
      : [join(peers, "serve.mjs"), peer, JSON.stringify({ ...settings, folder: peerFolder })],
    env: { ...process.env, ...Object.fromEntries(pinned), PYTHONDONTWRITEBYTECODE: "1" } as NodeJS.ProcessEnv,
  };
}

/** A contestant's process. Requests are answered in their order; one that takes too long ends the process. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  version = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** `python` is the program that Python contestants run in. */
  static async start(contestant: Contestant, python: string): Promise<Worker> {
    const { program, args, env } = commandOf(contestant, python);
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "ignore"] });
    child.on("error", () => {});
    child.stdin.on("error", () => {});
    const worker = new Worker(child);
    worker.version = (await worker.#next(60)).version ?? "";
    return worker;
  }

  /** Makes the job ready; returns samples of what it computed. */
  async prepare(request: Prepare, seconds: number): Promise<Outputs> {
    return (await this.#ask({ prepare: request }, seconds)).outputs ?? {};
  }

  /** ms of each run, for about `ms` and at least one. */
  async time(ms: number, seconds: number): Promise<readonly number[]> {
    return (await this.#ask({ time: ms }, seconds)).times ?? [];
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(request: object, seconds: number): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    return this.#next(seconds);
  }

  async #next(seconds: number): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.stop();
        reject(new Absent("failed", `over ${seconds} s`));
      }, seconds * 1000);
    });
    try {
      const line = await Promise.race([this.#lines.next(), late]);
      if (line.done) throw new Absent("failed", "its process ended");
      const answer = JSON.parse(line.value) as Answer;
      if (answer.cannot !== undefined) throw new Absent("cannot", answer.cannot);
      if (answer.error !== undefined) throw new Absent("failed", answer.error);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}
