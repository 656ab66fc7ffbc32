import { checkThreads, stayAlone } from "./one-thread.ts";
import { startPool } from "./pool.ts";
import { whyUnshared } from "./shared-memory.ts";
import { hasWorkers, processors } from "./worker.ts";

const mostByDefault = 16;

let last: Promise<unknown> = Promise.resolve();

/**
 * How many threads compute, the caller's included; default: one for each processor, at most 16. 1 ends the pool of
 * workers. Resolves to the number of threads that there are now: it stays at 1, with a warning that says why, where the
 * host has no shared memory or no workers. Results have the same bits with any number of threads. An idle pool does
 * not keep the process alive, and uses no processor.
 *
 * A worker that is lost (ended from outside, or short of memory) makes the op that notices throw an EvenkeelError; the
 * pool is gone then, and everything goes on with one thread.
 *
 * Errors: ArgumentError when `threads` is no integer from 1 to 32; EvenkeelError when a worker does not start.
 */
export async function setThreads(threads: number = Math.min(processors(), mostByDefault)): Promise<number> {
  checkThreads(threads);
  const reason = whyUnshared() ?? (hasWorkers() ? undefined : "there are no workers here");
  if (reason !== undefined) return stayAlone(threads, reason);
  // One after the other, in the order of the calls.
  const change = last.then(() => startPool(threads));
  last = change.catch(() => {});
  await change;
  return threads;
}
