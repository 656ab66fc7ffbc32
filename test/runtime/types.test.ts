import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp } from "./app.ts";
import { pinned, run } from "./process.ts";

const files = ["consumer.ts", "entries.ts"];
let app: App;
beforeAll(async () => {
  app = await createApp();
  for (const file of files)
    copyFileSync(fileURLToPath(new URL(`types/${file}`, import.meta.url)), join(app.folder, file));
});
afterAll(() => app?.remove());

/** Strict settings, the package's own declarations checked too, and no types but those of the language and the web. */
const settings = {
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  noEmit: true,
};

it.for([
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
  ["preserve", "bundler"],
] as const)("types resolve with module %s, moduleResolution %s", async ([module, moduleResolution]) => {
  const file = join(app.folder, `tsconfig.${module}.json`);
  const compilerOptions = { ...settings, module, moduleResolution };
  writeFileSync(file, JSON.stringify({ compilerOptions, files }));
  // Errors, and expected errors that did not come, end tsc with another code, and its output is in the message.
  await run(pinned("tsc"), ["-p", file], { cwd: app.folder });
  const listed = await run(pinned("tsc"), ["-p", file, "--listFilesOnly"], { cwd: app.folder });
  for (const entry of ["index", "threads", "fast", "slim"]) {
    expect(listed).toContain(`node_modules/evenkeel/dist/${entry}.d.ts`);
  }
});
