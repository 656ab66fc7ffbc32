import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp, diagnosis, runHost } from "./app.ts";
import { findOnPath, pinned } from "./process.ts";

let app: App;
beforeAll(async () => {
  app = await createApp();
});
afterAll(() => app?.remove());

/** The Node that the user has, which may be older than the pinned one. */
const systemNode = findOnPath("node");
const systemVersion = systemNode && ` ${execFileSync(systemNode, ["--version"], { encoding: "utf8" }).trim()}`;
const system = `the system's Node${systemVersion ?? ""}`;

it("the pinned Node, import: it trains, and no tensor is left", () => {
  const { hash, first, loss, tensors } = app.reference;
  expect(hash).toMatch(/^[\da-f]{8}$/);
  expect(first).toBeGreaterThan(1);
  expect(loss).toBeLessThan(0.5 * first);
  expect(tensors).toBe(0);
});

it.for([
  { host: "the pinned Node, require", program: pinned("node"), args: ["runtime/hosts/require.cjs"] },
  { host: `${system}, import`, program: systemNode, args: ["runtime/hosts/import.mjs"] },
  { host: `${system}, require`, program: systemNode, args: ["runtime/hosts/require.cjs"] },
  // Deno without any permission.
  { host: "Deno", program: pinned("deno"), args: ["run", "--no-prompt", "runtime/hosts/import.mjs"] },
  { host: "Bun, import", program: pinned("bun"), args: ["run", "runtime/hosts/import.mjs"] },
  { host: "Bun, require", program: pinned("bun"), args: ["run", "runtime/hosts/require.cjs"] },
])("$host: the same bits", async ({ host, program, args }, { skip }) => {
  skip(program === undefined, `${host}: not on the PATH`);
  expect(await runHost(program!, args, app.folder)).toEqual(app.reference);
});

it.for([
  { host: "the pinned Node, import", program: pinned("node"), args: ["runtime/hosts/diagnose.mjs"] },
  { host: `${system}, require`, program: systemNode, args: ["runtime/hosts/diagnose.cjs"] },
  { host: "Deno", program: pinned("deno"), args: ["run", "--no-prompt", "runtime/hosts/diagnose.mjs"] },
  { host: "Bun", program: pinned("bun"), args: ["run", "runtime/hosts/diagnose.mjs"] },
])("$host: diagnose loads the file it needs", async ({ host, program, args }, { skip }) => {
  skip(program === undefined, `${host}: not on the PATH`);
  expect(await runHost(program!, args, app.folder)).toEqual(diagnosis);
});
