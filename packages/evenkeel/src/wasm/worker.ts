import { EvenkeelError } from "../errors.ts";
import { builtin } from "../host.ts";

/** What a worker of the pool starts with. `slot` is the job slot of crates/wasm/src/threads.rs. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly slot: number;
  readonly thread: number;
  /** Its stack: from the lower address up to the higher. */
  readonly stack: number;
  readonly stackEnd: number;
}

export interface PoolWorker {
  terminate(): unknown;
}

/** The words of the job slot that JavaScript uses. */
export const word = { epoch: 0, inside: 1, lost: 2 } as const;

/** Longest text of an error that a worker leaves at the bottom of its stack, in UTF-16 units. */
export const errorLength = 200;

/**
 * The program of a worker, as text, so that an entry stays one file and no bundler has to be told of it. It takes jobs
 * until there are none, and sleeps until there are again. When it fails it says so in the memory, because its caller
 * spins and hears no events: what happened, that it is lost, that it is inside no job any more.
 */
const program = `
const run = ({ module, memory, slot, thread, stack, stackEnd }, ready) => {
  const words = new Int32Array(memory.buffer, slot, 3);
  try {
    const nothing = () => 0;
    const imports = { env: { memory }, host: { now: nothing, wake: nothing, fail: nothing } };
    const { exports } = new WebAssembly.Instance(module, imports);
    exports.__stack_pointer.value = stackEnd;
    ready();
    for (;;) Atomics.wait(words, ${word.epoch}, exports.work(slot, thread));
  } catch (error) {
    const text = new Uint16Array(memory.buffer, stack, ${errorLength});
    for (let i = 0; i < text.length; i++) text[i] = String(error).charCodeAt(i);
    Atomics.or(words, ${word.lost}, 1 << thread);
    Atomics.and(words, ${word.inside}, ~(1 << thread));
    throw error;
  }
};
const node = globalThis.process?.getBuiltinModule?.("node:worker_threads");
if (node) run(node.workerData, () => node.parentPort.postMessage("ready"));
else onmessage = ({ data }) => run(data, () => postMessage("ready"));
`;

/** What is used of node:worker_threads, which Deno and Bun have too. */
interface NodeThreads {
  Worker: new (program: string, options: object) => NodeWorker;
}
interface NodeWorker extends PoolWorker {
  on(event: "message" | "error" | "exit", listener: (what: unknown) => void): void;
  unref(): void;
}

/** How long a worker may take to start, in milliseconds. */
const patience = 10_000;

const node = builtin<NodeThreads>("worker_threads");

export function hasWorkers(): boolean {
  return node !== undefined || typeof Worker === "function";
}

/** The processors of this machine, as far as the host tells. */
export function processors(): number {
  const os = builtin<{ availableParallelism?(): number }>("os");
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/**
 * Starts a worker; resolves when it is ready for jobs. `lost` is called when it ends later without being told to. It
 * does not keep the process alive. Errors: EvenkeelError when it does not start within 10 s; then it is ended.
 */
export async function startWorker(data: WorkerData, lost: (reason: string) => void): Promise<PoolWorker> {
  let alarm: ReturnType<typeof setTimeout> | undefined;
  let worker: PoolWorker | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const stopped = (reason: string): void => {
        reject(new Error(reason));
        lost(reason);
      };
      alarm = setTimeout(() => reject(new Error(`it gave no sign in ${patience / 1000} s`)), patience);
      worker = node === undefined ? startWeb(data, resolve, stopped) : startNode(node, data, resolve, stopped);
    });
    return worker!;
  } catch (cause) {
    worker?.terminate();
    const fix = "on a page with a content security policy allow worker-src blob:, or stay with one thread";
    throw new EvenkeelError(`setThreads: a worker did not start: ${(cause as Error).message}; ${fix}`, { cause });
  } finally {
    clearTimeout(alarm);
  }
}

function startNode(
  { Worker }: NodeThreads,
  workerData: WorkerData,
  ready: () => void,
  stopped: (reason: string) => void,
): PoolWorker {
  // No flags of the process: they could load its preloads again, or take the program for a module.
  const worker = new Worker(program, { eval: true, execArgv: [], name: "evenkeel", workerData });
  worker.on("message", () => {
    worker.unref();
    ready();
  });
  worker.on("error", (error) => stopped(String(error)));
  worker.on("exit", () => stopped("it was ended"));
  return worker;
}

function startWeb(data: WorkerData, ready: () => void, stopped: (reason: string) => void): PoolWorker {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "evenkeel" });
  worker.addEventListener("message", () => {
    URL.revokeObjectURL(url);
    ready();
  });
  worker.addEventListener("error", (event) => stopped(event.message || "it could not be loaded"));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
  worker.postMessage(data);
  return worker;
}
