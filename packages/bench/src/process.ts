import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contestant } from "./contestants.ts";
import { peerFolder, peers } from "./paths.ts";
import { Absent, type Line, Runner } from "./runner.ts";

/** The command of a contestant's process, and the environment that holds it to its threads. */
export function commandOf({ peer, python, threads, options }: Contestant, program: string) {
  const settings = { threads, ...options };
  const pinned = ["OMP", "MKL", "OPENBLAS"].map((library) => [`${library}_NUM_THREADS`, String(threads)]);
  const env: NodeJS.ProcessEnv = { ...process.env, ...Object.fromEntries(pinned), PYTHONDONTWRITEBYTECODE: "1" };
  if (python) return { program, args: [join(peers, "serve.py"), peer, JSON.stringify(settings)], env };
  const args = [join(peers, "serve.mjs"), peer, JSON.stringify({ ...settings, folder: peerFolder })];
  return { program: process.execPath, args, env };
}

/** A contestant in a process of its own. `python` is the program that Python contestants run in. */
export function startProcess(contestant: Contestant, python: string): Promise<Runner> {
  const { program, args, env } = commandOf(contestant, python);
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "ignore"] });
  // A process that cannot start, or ends, is seen by the end of its output.
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line: Line = {
    send: (request) => void child.stdin.write(`${JSON.stringify(request)}\n`),
    async receive() {
      const next = await lines.next();
      if (next.done) throw new Absent("failed", "its process ended");
      return JSON.parse(next.value) as unknown;
    },
    stop: () => void child.kill("SIGKILL"),
  };
  return Runner.start(line);
}
