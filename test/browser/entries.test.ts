import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type App, createApp, runHost } from "../runtime/app.ts";
import { pinned } from "../runtime/process.ts";
import { missing, visit } from "./browsers.ts";

let app: App;
let training: { hash: string; first: number; loss: number };
beforeAll(async () => {
  app = await createApp();
  training = await runHost(pinned("node"), ["runtime/hosts/train.mjs"], app.folder);
});
afterAll(() => app?.remove());

const page = "/browser/pages/entries.html";
const isolated = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

describe.for(["Chromium", "Firefox"] as const)("a page in %s", (browser) => {
  it("that is isolated has threads: the same bits, an error for a lost worker", async ({ skip }) => {
    skip(missing(browser) !== undefined, missing(browser));
    const { result, requests } = await visit(browser, app.folder, `${page}#threads`, isolated);
    expect(result).toEqual({
      counts: [1, 2, 3, 2],
      hashes: Array.from({ length: 4 }, () => training.hash),
      error: expect.stringMatching(/^EvenkeelError: evenkeel\/threads: lost worker 1 .*one thread: repeat/),
      warnings: [],
    });
    // The workers are in the same file.
    expect(requests.filter((path) => path.startsWith("/node_modules/"))).toEqual([
      "/node_modules/evenkeel/dist/threads.js",
    ]);
  });

  it("that is not isolated stays at one thread, and says why once", async ({ skip }) => {
    skip(missing(browser) !== undefined, missing(browser));
    const { result } = await visit(browser, app.folder, `${page}#threads`);
    expect(result).toEqual({
      counts: [1, 1, 1, 1],
      hashes: Array.from({ length: 4 }, () => training.hash),
      error: "no workers",
      warnings: [expect.stringMatching(/setThreads\(2\) stays at one thread: .*Cross-Origin-Opener-Policy/)],
    });
  });

  it("has evenkeel/fast: nearly the same losses", async ({ skip }) => {
    skip(missing(browser) !== undefined, missing(browser));
    const { first, loss } = (await visit(browser, app.folder, `${page}#fast`)).result as typeof training;
    expect(Math.abs(first / training.first - 1)).toBeLessThan(1e-5);
    expect(loss).toBeLessThan(0.5 * training.first);
  });

  it("has evenkeel/slim, which fetches its module: the same bits, an error before", async ({ skip }) => {
    skip(missing(browser) !== undefined, missing(browser));
    const { result } = await visit(browser, app.folder, `${page}#slim`);
    expect(result).toEqual({ ...app.reference, early: expect.stringContaining("call await ek.init(source)") });
  });
});

it("an isolated page in Chromium whose policy forbids the workers: an error that says what to add", async ({
  skip,
}) => {
  skip(missing("Chromium") !== undefined, missing("Chromium"));
  const policy = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
  };
  const { result } = await visit("Chromium", app.folder, `${page}#threads`, { ...isolated, ...policy });
  expect(result).toEqual({
    error: expect.stringMatching(/^EvenkeelError: setThreads: a worker did not .*worker-src blob:/),
  });
});
