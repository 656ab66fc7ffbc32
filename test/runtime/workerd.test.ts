import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp, diagnosis, runHost } from "./app.ts";
import { pinned } from "./process.ts";

let app: App;
beforeAll(async () => {
  app = await createApp();
});
afterAll(() => app?.remove());

/** Bundles as wrangler does: by the condition `workerd`, each .wasm file a module beside the code. */
async function bundleWorker(entry: string): Promise<string> {
  const outdir = join(app.folder, "worker");
  await build({
    entryPoints: { workerd: join(app.folder, "runtime", "hosts", entry) },
    absWorkingDir: app.folder,
    outdir,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    logLevel: "silent",
  });
  return outdir;
}

it("workerd: the export of that condition, the WASM as a module, the same bits", async () => {
  const worker = await bundleWorker("workerd.mjs");
  expect(readdirSync(worker).toSorted()).toEqual(["evenkeel.wasm", "workerd.js"]);
  const code = readFileSync(join(worker, "workerd.js"), "utf8");
  expect(code).toMatch(/import \w+ from "\.\/evenkeel\.wasm"/);
  // No second copy of the WASM inside of the code: "\0asm" in base64.
  expect(code).not.toContain("AGFzbQ");
  expect(await runHost(pinned("workerd"), ["test", "runtime/hosts/workerd.capnp"], app.folder)).toEqual(app.reference);
});

it("workerd: the other entries, with one thread, the same bits", async () => {
  const worker = await bundleWorker("entries-workerd.mjs");
  // One module, which all of them share.
  expect(readdirSync(worker).toSorted()).toEqual(["evenkeel.wasm", "workerd.js"]);
  expect(await runHost(pinned("workerd"), ["test", "runtime/hosts/workerd.capnp"], app.folder)).toEqual({
    results: [app.reference, app.reference, app.reference],
    counts: [1, 1, 1],
    warnings: ["evenkeel: setThreads(2) stays at one thread: Cloudflare Workers have no threads"],
  });
});

it("workerd: what is loaded when it is needed is bundled too", async () => {
  await bundleWorker("diagnose-workerd.mjs");
  const found = await runHost(pinned("workerd"), ["test", "runtime/hosts/workerd.capnp"], app.folder);
  expect(found).toEqual(diagnosis);
});
