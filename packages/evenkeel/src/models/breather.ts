/** Longest stretch of work without giving other work a turn, in milliseconds. */
const stretch = 40;

/**
 * Lets the host's event loop turn between steps, so that a page stays alive, timers fire, and Ctrl-C and AbortSignal
 * are heard: after 40 ms of work (or one step, if that takes longer).
 */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Waits for a turn of the event loop when one is due. Throws the signal's reason once it is aborted. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#last >= stretch) {
      await turn();
      this.#last = performance.now();
    }
    this.#signal?.throwIfAborted();
  }
}

/** One turn of the event loop. Not setTimeout where there is better: browsers make it wait 4 ms. */
function turn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (done: () => void) => unknown };
  if (setImmediate !== undefined) return new Promise((resolve) => setImmediate(() => resolve()));
  if (typeof MessageChannel === "undefined") return new Promise((resolve) => setTimeout(resolve, 0));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener(
      "message",
      () => {
        port1.close();
        resolve();
      },
      { once: true },
    );
    port1.start();
    port2.postMessage(null);
  });
}
