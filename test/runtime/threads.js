import { train } from "./train.js";

/**
 * Trains with 1, 2 and 3 threads, then loses a worker in the middle of a task, and trains on with the one thread that
 * is left. The pool of the end is idle: a process ends with it.
 *
 * @param {typeof import("evenkeel/threads")} ek
 */
export async function threads(ek) {
  const counts = [];
  const hashes = [];
  for (const count of [1, 2, 3]) {
    counts.push(await ek.setThreads(count));
    hashes.push(train(ek).hash);
  }
  const error = await loseWorker(ek);
  hashes.push(train(ek).hash);
  counts.push(await ek.setThreads(2));
  return { counts, hashes, error };
}

/**
 * The next pool has a worker that enters a job and is never heard of again.
 * @param {typeof import("evenkeel/threads")} ek
 */
async function loseWorker(ek) {
  const vanish = "(() => { while (!(Atomics.load(words, 0) & 1)); Atomics.or(words, 1, 1 << thread); for (;;); })()";
  const restore = tamper((program) => program.replace("exports.work(slot, thread)", vanish));
  if ((await ek.setThreads(2)) === 1) return "no workers";
  restore();
  const start = performance.now();
  try {
    train(ek);
  } catch (error) {
    return performance.now() - start < 20_000 ? String(error) : "an error, but late";
  }
  return "no error";
}

/** The program of the workers is changed on its way to them. @param {(program: string) => string} change */
function tamper(change) {
  const node = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (node !== undefined) {
    const { Worker } = node;
    node.Worker = class extends Worker {
      /** @param {string} program @param {object} options */
      constructor(program, options) {
        super(change(program), options);
      }
    };
    return () => void (node.Worker = Worker);
  }
  const { Blob } = globalThis;
  globalThis.Blob = class extends Blob {
    /** @param {string[]} parts @param {object} options */
    constructor(parts, options) {
      super(parts.map(change), options);
    }
  };
  return () => void (globalThis.Blob = Blob);
}
