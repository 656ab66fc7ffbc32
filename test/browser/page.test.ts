import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp, diagnosis } from "../runtime/app.ts";
import { missing, visit } from "./browsers.ts";

let app: App;
beforeAll(async () => {
  app = await createApp();
});
afterAll(() => app?.remove());

it.for(["Chromium", "Firefox"] as const)("a page in %s: the same bits", async (browser, { skip }) => {
  skip(missing(browser) !== undefined, missing(browser));
  const { result, requests } = await visit(browser, app.folder, "/browser/pages/page.html");
  expect(result).toEqual(app.reference);
  // The package is one file, with its WASM inside.
  expect(requests.filter((path) => path.startsWith("/node_modules/"))).toEqual([
    "/node_modules/evenkeel/dist/index.js",
  ]);
});

it("a page in Chromium that calls diagnose: it loads the file it needs", async ({ skip }) => {
  skip(missing("Chromium") !== undefined, missing("Chromium"));
  const { result, requests } = await visit("Chromium", app.folder, "/browser/pages/diagnose.html");
  expect(result).toEqual(diagnosis);
  expect(requests.filter((path) => path.startsWith("/node_modules/"))).toEqual(
    ["index", "diagnose"].map((name) => `/node_modules/evenkeel/dist/${name}.js`),
  );
});

it("a Web Worker in Chromium: the same bits", async ({ skip }) => {
  skip(missing("Chromium") !== undefined, missing("Chromium"));
  const { result } = await visit("Chromium", app.folder, "/browser/pages/worker.html");
  expect(result).toEqual({ ...app.reference, scope: "DedicatedWorkerGlobalScope" });
});

const policy = (sources: string): Record<string, string> => ({
  "content-security-policy": `default-src 'self'; script-src 'self' ${sources}`,
});

it("a page in Chromium whose policy has 'wasm-unsafe-eval': the same bits", async ({ skip }) => {
  skip(missing("Chromium") !== undefined, missing("Chromium"));
  const { result } = await visit("Chromium", app.folder, "/browser/pages/relative.html", policy("'wasm-unsafe-eval'"));
  expect(result).toEqual(app.reference);
});

it("a page in Chromium whose policy forbids WASM: an error that says what to add", async ({ skip }) => {
  skip(missing("Chromium") !== undefined, missing("Chromium"));
  const { result } = await visit("Chromium", app.folder, "/browser/pages/relative.html", policy(""));
  expect(result).toEqual({ error: expect.stringMatching(/^EvenkeelError: .*script-src 'wasm-unsafe-eval'/) });
});
