import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type App, createApp, runHost, type Smoke } from "./app.ts";
import { findOnPath, pinned } from "./process.ts";

interface Training {
  readonly hash: string;
  readonly first: number;
  readonly loss: number;
}

let app: App;
let training: Training;
beforeAll(async () => {
  app = await createApp();
  training = await runHost(pinned("node"), ["runtime/hosts/train.mjs"], app.folder);
});
afterAll(() => app?.remove());

const systemNode = findOnPath("node");
const systemVersion = systemNode && ` ${execFileSync(systemNode, ["--version"], { encoding: "utf8" }).trim()}`;

const hosts: { host: string; program: string | undefined; args: string[] }[] = [
  { host: "the pinned Node", program: pinned("node"), args: [] },
  { host: `the system's Node${systemVersion ?? ""}`, program: systemNode, args: [] },
  // Deno with leave to read, for slim alone.
  { host: "Deno", program: pinned("deno"), args: ["run", "--no-prompt"] },
  { host: "Bun", program: pinned("bun"), args: ["run"] },
];

function run<Result>(host: (typeof hosts)[number], ...args: string[]): Promise<Result> {
  return runHost<Result>(host.program!, [...host.args, ...args], app.folder);
}

it("the training run learns", () => {
  expect(training.hash).toMatch(/^[\da-f]{8}$/);
  expect(training.loss).toBeLessThan(0.5 * training.first);
});

describe("evenkeel/threads", () => {
  it.for(hosts)(
    "$host: the same bits with 1, 2 and 3 threads, an error for a lost worker, an end",
    async (host, { skip }) => {
      skip(host.program === undefined, `${host.host}: not on the PATH`);
      expect(await run(host, "runtime/hosts/threads.mjs")).toEqual({
        counts: [1, 2, 3, 2],
        hashes: Array.from({ length: 4 }, () => training.hash),
        error: expect.stringMatching(/^EvenkeelError: evenkeel\/threads: lost worker 1 .*one thread: repeat/),
      });
    },
  );
});

describe("evenkeel/fast", () => {
  it.for(hosts)("$host: nearly the same losses", async (host, { skip }) => {
    skip(host.program === undefined, `${host.host}: not on the PATH`);
    const { first, loss } = await run<Training>(host, "runtime/hosts/fast.mjs");
    expect(Math.abs(first / training.first - 1)).toBeLessThan(1e-5);
    expect(loss).toBeLessThan(0.5 * training.first);
  });

  it("a Node without relaxed SIMD: the same bits", async ({ skip }) => {
    skip(!systemVersion?.startsWith(" v20."), "the system's Node is not version 20");
    expect(await run(hosts[1]!, "runtime/hosts/fast.mjs")).toEqual(training);
  });
});

describe("evenkeel/slim", () => {
  it.for(hosts)("$host: the same bits", async (host, { skip }) => {
    skip(host.program === undefined, `${host.host}: not on the PATH`);
    const leave = host.host === "Deno" ? ["--allow-read"] : [];
    expect(await run<Smoke>(host, ...leave, "runtime/hosts/slim.mjs")).toEqual(app.reference);
  });
});

it.for(hosts.filter(({ host }) => host !== "Deno"))("$host: every entry can be required", async (host, { skip }) => {
  skip(host.program === undefined, `${host.host}: not on the PATH`);
  expect(await run(host, "runtime/hosts/entries.cjs")).toEqual({
    extras: [[], ["setThreads"], [], ["init"]],
    missing: [],
    sum: 3,
  });
});
