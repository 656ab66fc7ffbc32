import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import * as vite from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp } from "../runtime/app.ts";
import { missing, visit } from "./browsers.ts";

let app: App;
beforeAll(async () => {
  app = await createApp();
});
afterAll(() => app?.remove());

const html =
  '<!doctype html><meta charset="utf-8" /><title>bundled</title><script type="module" src="SCRIPT"></script>\n';

async function buildWithVite(): Promise<string> {
  writeFileSync(join(app.folder, "index.html"), html.replace("SCRIPT", "/browser/pages/page.js"));
  await vite.build({
    root: app.folder,
    configFile: false,
    logLevel: "warn",
    cacheDir: join(app.folder, ".vite"),
    build: { outDir: "vite" },
  });
  return join(app.folder, "vite");
}

async function buildWithEsbuild(): Promise<string> {
  const outdir = join(app.folder, "esbuild");
  await esbuild.build({
    entryPoints: [join(app.folder, "browser", "pages", "page.js")],
    absWorkingDir: app.folder,
    outdir,
    bundle: true,
    format: "esm",
    minify: true,
  });
  writeFileSync(join(outdir, "index.html"), html.replace("SCRIPT", "/page.js"));
  return outdir;
}

/** One script with one copy of the WASM, and nothing beside it but the page and what is loaded when it is needed. */
function checkFiles(folder: string, chunks: readonly string[]): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const others = files.filter(({ name }) => chunks.some((chunk) => name.startsWith(`${chunk}-`)));
  expect(others).toHaveLength(chunks.length);
  const rest = files.filter((file) => !others.includes(file));
  expect(rest.map(({ name }) => name.slice(name.lastIndexOf("."))).toSorted()).toEqual([".html", ".js"]);
  const { parentPath, name } = rest.find((file) => file.name.endsWith(".js"))!;
  const code = readFileSync(join(parentPath, name), "utf8");
  // One literal that can only be the WASM, in base64.
  expect(code.match(/[\w+/]{50000,}/g)).toHaveLength(1);
  const packaged = readFileSync(join(app.folder, "node_modules/evenkeel/dist/index.js"), "utf8");
  expect(code.length).toBeLessThan(packaged.length * 1.1);
}

it.for([
  ["Vite", buildWithVite, ["diagnose"]],
  ["esbuild", buildWithEsbuild, []],
] as const)("a bundle of %s, in Chromium: one file, the same bits", async ([, bundle, chunks], { skip }) => {
  const folder = await bundle();
  checkFiles(folder, chunks);
  skip(missing("Chromium") !== undefined, missing("Chromium"));
  const { result, requests } = await visit("Chromium", folder, "/index.html");
  expect(result).toEqual(app.reference);
  expect(requests.filter((path) => path !== "/favicon.ico")).toHaveLength(2);
});
