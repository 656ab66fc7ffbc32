/** Samples of what a job computed, by name. */
export type Outputs = Readonly<Record<string, readonly number[]>>;

export interface Prepare {
  readonly job: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Each in the form that the contestant's process reads: a file, or how to make it. */
  readonly arrays: Readonly<Record<string, object>>;
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

/** How to reach a contestant's process, or its worker on a page. */
export interface Line {
  send(request: object): void;
  /** The next answer; the first one, not asked for, says the version. */
  receive(): Promise<unknown>;
  stop(): void;
}

/** A contestant at work. Requests are answered in their order; one that takes too long ends it. */
export class Runner {
  readonly #line: Line;
  version = "";

  private constructor(line: Line) {
    this.#line = line;
  }

  static async start(line: Line): Promise<Runner> {
    const runner = new Runner(line);
    runner.version = (await runner.#next(60)).version ?? "";
    return runner;
  }

  /** Makes the job ready; returns samples of what it computed. */
  async prepare(request: Prepare, seconds: number): Promise<Outputs> {
    this.#line.send({ prepare: request });
    return (await this.#next(seconds)).outputs ?? {};
  }

  /** ms of each run, for about `ms` and at least one. */
  async time(ms: number, seconds: number): Promise<readonly number[]> {
    this.#line.send({ time: ms });
    return (await this.#next(seconds)).times ?? [];
  }

  stop(): void {
    this.#line.stop();
  }

  async #next(seconds: number): Promise<Answer> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.stop();
        reject(new Absent("failed", `over ${seconds} s`));
      }, seconds * 1000);
    });
    try {
      const answer = (await Promise.race([this.#line.receive(), late])) as Answer;
      if (answer.cannot !== undefined) throw new Absent("cannot", answer.cannot);
      if (answer.error !== undefined) throw new Absent("failed", answer.error);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}
