import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pinned, run } from "./process.ts";

const tarball = fileURLToPath(new URL("../../dist/evenkeel.tgz", import.meta.url));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What smoke.js returns. */
export interface Smoke {
  readonly hash: string;
  readonly first: number;
  readonly loss: number;
  readonly tensors: number;
}

/** What diagnose.js returns. */
export const diagnosis = { problems: ["never-updated in norm", "constant-channels in norm"], lines: 11 };

/** A project of its own, outside of the repository, that has installed the packed tarball and nothing else. */
export interface App {
  readonly folder: string;
  /** What the pinned Node computes: every other host must compute the same. */
  readonly reference: Smoke;
  remove(): void;
}

/** Installs the tarball in a fresh folder, offline, and puts the files of the tests beside it. */
export async function createApp(): Promise<App> {
  if (!existsSync(tarball)) throw new Error(`${tarball} is missing: run node scripts/setup.mjs pack`);
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-app-"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: folder });
  const installed = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
  if (installed.join() !== "evenkeel") throw new Error(`evenkeel alone was to be installed, not ${installed.join()}`);
  const programs = ["smoke", "train", "threads", "diagnose"].map((name) => `runtime/${name}.js`);
  for (const part of [...programs, "runtime/hosts", "browser/pages"]) {
    cpSync(here(`../${part}`), join(folder, part), { recursive: true });
  }
  const reference = await runHost(pinned("node"), ["runtime/hosts/import.mjs"], folder);
  return { folder, reference, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs a program of one of the hosts, whose last line is the result of smoke.js, or another. */
export async function runHost<Result = Smoke>(program: string, args: readonly string[], cwd: string): Promise<Result> {
  const output = await run(program, args, { cwd, env: quietEnvironment(cwd) });
  return JSON.parse(output.trimEnd().split("\n").at(-1)!) as Result;
}

/** No options of the one who runs the tests, no look for updates, caches in the folder of the test. */
export function quietEnvironment(folder: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  return { ...environment, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_DIR: join(folder, ".deno") };
}
