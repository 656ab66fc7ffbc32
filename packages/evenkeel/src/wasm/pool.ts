import { EvenkeelError, OutOfMemoryError } from "../errors.ts";
import type { Exports } from "./generated/exports.ts";
import { bind, kernels, running } from "./kernels.ts";
import { createMemory, whyUnshared } from "./shared-memory.ts";
import { errorLength, startWorker, word } from "./worker.ts";

/** What the build with threads exports besides the kernels. */
interface PoolExports extends Exports {
  set_threads(threads: number): number;
  readonly __stack_pointer: WebAssembly.Global<"i32">;
}

/** As much as the main thread has. */
const stackSize = 1 << 20;

let module: WebAssembly.Module;
let memory: WebAssembly.Memory;
let pool: Pool | undefined;
/** Stacks by thread. A new pool takes those of the one before: outside of jobs no worker uses its own. */
const stacks = new Map<number, number>();

/**
 * Binds the build with threads. `bytes` import a shared memory; where there is none, one bit of them, at `sharedFlag`,
 * asks for an ordinary one.
 */
export function bindThreads(bytes: () => Uint8Array<ArrayBuffer>, initialPages: number, sharedFlag: number): void {
  bind(() => {
    const code = bytes();
    if (whyUnshared() !== undefined) code[sharedFlag] = 1;
    module = new WebAssembly.Module(code);
    memory = createMemory(initialPages);
    const host = {
      now: () => performance.now(),
      wake: (count: number) => Atomics.notify(pool!.words, word.epoch, count),
      fail,
    };
    const instance = new WebAssembly.Instance(module, { env: { memory }, host });
    running.build = "threads";
    return instance;
  });
}

/** Ends the pool, and starts one of so many threads when there are to be more than 1. */
export async function startPool(threads: number): Promise<void> {
  await endPool();
  if (threads === 1) return;
  pool = new Pool(threads);
  try {
    await pool.start();
    running.threads = threads;
  } catch (error) {
    await endPool();
    throw error;
  }
}

/** From now on there is one thread. Resolves when all workers have ended, where the host tells. */
function endPool(): Promise<unknown> | undefined {
  const ended = pool?.end();
  pool = undefined;
  running.threads = 1;
  return ended;
}

/** What crates/wasm/src/threads.rs calls when a worker was lost; the frames below are abandoned. */
function fail(): never {
  const error = pool!.failure();
  const { callersStack } = pool!;
  // A lost worker may write to its stack for a while: nobody gets it any more.
  stacks.clear();
  void endPool();
  (kernels as PoolExports).__stack_pointer.value = callersStack;
  throw error;
}

/** The workers beside the caller, which is thread 0. */
class Pool {
  readonly words: Int32Array;
  readonly callersStack: number;
  readonly #threads: number;
  readonly #endings: (() => unknown)[] = [];
  /** Why workers ended between two jobs, by thread. */
  readonly #reasons = new Map<number, string>();

  constructor(threads: number) {
    const { set_threads, __stack_pointer } = kernels as PoolExports;
    this.#threads = threads;
    this.callersStack = __stack_pointer.value;
    for (let thread = 1; thread < threads; thread++) stackOf(thread).fill(0);
    this.words = new Int32Array(memory.buffer, set_threads(threads), 3);
  }

  async start(): Promise<void> {
    const threads = Array.from({ length: this.#threads - 1 }, (_, i) => i + 1);
    const starting = threads.map(async (thread) => {
      const { byteOffset: stack } = stackOf(thread);
      const slot = this.words.byteOffset;
      const data = { module, memory, slot, thread, stack, stackEnd: stack + stackSize };
      const worker = await startWorker(data, (reason) => this.#lose(thread, reason));
      this.#endings.push(() => worker.terminate());
    });
    const failed = (await Promise.allSettled(starting)).find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  end(): Promise<unknown> {
    (kernels as PoolExports).set_threads(1);
    return Promise.all(this.#endings.map((end) => end()));
  }

  /** A worker that ended while nothing was computed: the next job says so. */
  #lose(thread: number, reason: string): void {
    this.#reasons.set(thread, reason);
    if (pool === this) Atomics.or(this.words, word.lost, 1 << thread);
  }

  failure(): EvenkeelError {
    const bits = this.words[word.lost]! | this.words[word.inside]!;
    const workers = [...stacks.keys()].filter((thread) => bits & (1 << thread));
    const what = workers.map((thread) => `worker ${thread} (${this.#reasonOf(thread)})`).join(", ") || "the last job";
    return new EvenkeelError(
      `evenkeel/threads: lost ${what} of ${this.#threads} threads; this op's result is incomplete. There is now one ` +
        "thread: repeat the step, or start again from a checkpoint, and call setThreads to have more",
    );
  }

  #reasonOf(thread: number): string {
    const text = stackOf(thread);
    const said = String.fromCharCode(...text.subarray(0, text.indexOf(0)));
    return said || this.#reasons.get(thread) || "it gave no sign, as if it had been ended from outside";
  }
}

/** The lowest part of a worker's stack, where it leaves the text of its error. Errors: OutOfMemoryError. */
function stackOf(thread: number): Uint16Array {
  const pointer = stacks.get(thread) ?? kernels.alloc(stackSize) >>> 0;
  if (pointer === 0) throw new OutOfMemoryError(`setThreads: no room for the stack of thread ${thread}; use fewer`);
  stacks.set(thread, pointer);
  return new Uint16Array(memory.buffer, pointer, errorLength);
}
