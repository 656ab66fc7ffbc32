import { ArgumentError, valueText } from "../errors.ts";

/** Workers are bits of a word in crates/wasm/src/threads.rs. */
const mostThreads = 32;

let warned = false;

export function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= mostThreads) return;
  throw new ArgumentError(`setThreads: ${valueText(threads)} threads; use an integer from 1 to ${mostThreads}`);
}

/** Where there can be no more than one thread: resolves to 1, and warns once when more were asked for. */
export async function stayAlone(threads: number, reason: string): Promise<number> {
  // oxlint-disable-next-line eslint/no-console -- slower than what was asked for, and there is no other sign of it
  if (threads > 1 && !warned) console.warn(`evenkeel: setThreads(${threads}) stays at one thread: ${reason}`);
  warned ||= threads > 1;
  return 1;
}
