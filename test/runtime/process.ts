import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface RunOptions {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds, after which the process and its children are killed and the run is an error. Default: 60,000. */
  timeout?: number;
}

/** Runs a program and resolves to what it printed. A failure, and a program that hangs, are errors with its output. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { cwd, env = process.env, timeout = 60_000 } = options;
  return new Promise((resolve, reject) => {
    // A process group of its own, so that its children end with it.
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    const fail = (why: string): void => {
      reject(new Error(`${[program, ...args].join(" ")}: ${why}\n${stdout.slice(-4000)}${stderr.slice(-4000)}`));
    };
    const killGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // all of them have ended
      }
    };
    const alarm = setTimeout(() => {
      killGroup();
      fail(`no end after ${timeout / 1000} s`);
    }, timeout);
    child.on("error", (error) => {
      clearTimeout(alarm);
      fail(`could not be started: ${error.message}`);
    });
    child.on("exit", killGroup);
    child.on("close", (code, signal) => {
      clearTimeout(alarm);
      if (code === 0) resolve(stdout);
      else fail(`ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** The first of these programs on the PATH, by its full path. Those that npm packages bring are passed over. */
export function findOnPath(...names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const files = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A program that a pinned npm package brings, such as `bun`. */
export function pinned(name: string): string {
  return fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
}
