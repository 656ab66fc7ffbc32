import * as ek from "evenkeel/threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { kernels, running } from "./kernels.ts";

/** An op that forks: its bits, and those of a single thread. */
function compute(): Int32Array {
  return ek.tidy(() => {
    const [a, b] = [ek.fill([300, 200], 0.1), ek.fill([200, 300], 3.3)];
    return new Int32Array(ek.matMul(a, b).dataSync().buffer);
  });
}
const expected = compute();

const nodeThreads = process.getBuiltinModule("node:worker_threads");
const RealWorker = nodeThreads.Worker;
let workers: InstanceType<typeof RealWorker>[] = [];

/** Workers from now on run a program that was tampered with; without `change` they are only noted down. */
function tamper(change: [string, string] = ["", ""]): void {
  workers = [];
  nodeThreads.Worker = class extends RealWorker {
    constructor(program: string, options: object) {
      if (!program.includes(change[0])) throw new Error(`nothing to tamper with: ${change[0]}`);
      super(program.replace(...change), options);
      workers.push(this);
    }
  };
}

afterEach(async () => {
  vi.useRealTimers();
  nodeThreads.Worker = RealWorker;
  await ek.setThreads(1);
});

/** After a failure: one thread, the same bits, and a new pool can be had. */
async function recovers(): Promise<void> {
  expect(running.threads).toBe(1);
  expect(compute()).toEqual(expected);
  nodeThreads.Worker = RealWorker;
  expect(await ek.setThreads(2)).toBe(2);
  expect(running).toEqual({ build: "threads", threads: 2 });
  expect(compute()).toEqual(expected);
}

const step = "exports.work(slot, thread)";

describe("setThreads", () => {
  it("computes the same bits with any number of threads", async () => {
    for (const threads of [2, 3, 5, 1, 4]) {
      expect(await ek.setThreads(threads)).toBe(threads);
      for (let i = 0; i < 50; i++) expect(compute()).toEqual(expected);
      // Asleep by now.
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (let i = 0; i < 3; i++) expect(compute()).toEqual(expected);
    }
  });

  it("hands out copies, never views of the shared memory", async () => {
    await ek.setThreads(2);
    const x = ek.randomNormal([100]);
    expect(kernels.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(x.dataSync().buffer).toBeInstanceOf(ArrayBuffer);
    expect((await x.data()).buffer).toBeInstanceOf(ArrayBuffer);
    x.dispose();
  });

  it("takes calls one after the other, the last one counts", async () => {
    expect(await Promise.all([ek.setThreads(3), ek.setThreads(1), ek.setThreads(2)])).toEqual([3, 1, 2]);
    expect(running.threads).toBe(2);
  });

  it("takes one thread a processor", async () => {
    const { availableParallelism } = process.getBuiltinModule("node:os");
    expect(await ek.setThreads()).toBe(Math.min(availableParallelism(), 16));
  });

  it.for([0, 2.5, -1, 33, NaN, "2", null])("refuses %o", async (threads) => {
    await expect(ek.setThreads(threads as number)).rejects.toThrow("setThreads: ");
    await expect(ek.setThreads(threads as number)).rejects.toBeInstanceOf(ek.ArgumentError);
    expect(running.threads).toBe(1);
  });

  it("computes nothing wrong while memory grows", async () => {
    await ek.setThreads(3);
    const kept = Array.from({ length: 20 }, (_, i) => ek.randomUniform([1 << 20], i, i + 1));
    for (const [i, x] of kept.entries()) {
      const values = x.dataSync();
      expect(values.every((value) => value >= i && value < i + 1)).toBe(true);
    }
    ek.dispose(kept);
  });
});

describe("a worker", () => {
  it("that fails to start is an error with its reason", async () => {
    tamper(["ready();", 'throw new Error("out of luck");']);
    const failure = await ek.setThreads(3).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ek.EvenkeelError);
    expect(String(failure)).toContain("setThreads: a worker did not start: Error: out of luck");
    await recovers();
  });

  it("that never starts is an error after 10 seconds", async () => {
    tamper(["ready();", ""]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const failure = ek.setThreads(2).catch(String);
    await vi.waitUntil(() => vi.getTimerCount() > 0, { interval: 0 });
    await vi.advanceTimersByTimeAsync(10_001);
    expect(await failure).toContain("it gave no sign in 10 s");
    await recovers();
  });

  it("that traps in a task is an error of the op", async () => {
    // Without a stack a task cannot write where it has to.
    tamper(["= stackEnd", "= 16"]);
    expect(await ek.setThreads(2)).toBe(2);
    expect(() => {
      for (let i = 0; i < 1000; i++) compute();
    }).toThrow(/lost worker 1 \(RuntimeError: .*\) of 2 threads.*one thread: repeat/);
    await recovers();
  });

  it("that throws between tasks is an error of the next op", async () => {
    tamper([step, `(globalThis.woken ? nonsense : (globalThis.woken = true, ${step}))`]);
    await ek.setThreads(3);
    // Asleep, woken, and gone.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(() => {
      for (let i = 0; i < 1000; i++) compute();
    }).toThrow(/lost worker [12] \(ReferenceError: nonsense is not defined\).* of 3 threads/);
    await recovers();
  });

  it("is not waited for when the caller itself traps", async () => {
    await ek.setThreads(2);
    const beyond = 0xffff_ff00;
    const trap = (): unknown => kernels.matmul(0, 0, 300, 300, 300, beyond, beyond, 0, 0, 0, beyond);
    expect(trap).toThrow(WebAssembly.RuntimeError);
    expect(compute).toThrow(/lost .*of 2 threads/);
    await recovers();
  });

  it("that is ended while it sleeps is an error of the next op", async () => {
    tamper();
    await ek.setThreads(3);
    expect(compute()).toEqual(expected);
    await workers[1]!.terminate();
    expect(compute).toThrow("lost worker 2 (it was ended) of 3 threads");
    await recovers();
  });

  it("that vanishes in the middle of a task is an error after some seconds, not a hang", async () => {
    // It enters the next job, and is gone.
    const vanish = "(() => { while (!(Atomics.load(words, 0) & 1)); Atomics.or(words, 1, 2); process.exit(); })()";
    tamper([step, vanish]);
    await ek.setThreads(2);
    const start = performance.now();
    expect(() => {
      for (;;) compute();
    }).toThrow("lost worker 1 (it gave no sign");
    expect(performance.now() - start).toBeLessThan(20_000);
    await recovers();
  }, 30_000);
});
