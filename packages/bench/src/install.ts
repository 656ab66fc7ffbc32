// Puts the peers into a folder of the cache at their first use, at exact versions. The workspace does without them.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, peerFolder, peers } from "./paths.ts";

/** Runs `command` and returns what it failed with, if it did. */
function failure(command: string, args: readonly string[], cwd: string): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error) return error.message;
  return status === 0 ? undefined : stderr.trim().split("\n").at(-1) || `it ended with status ${status}`;
}

/** Runs `install` unless it has succeeded with this very list before. */
function once(list: string, folder: string, install: () => string | undefined): string | undefined {
  const [wanted, stamp] = [readFileSync(join(peers, list), "utf8"), join(folder, "installed")];
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return undefined;
  mkdirSync(folder, { recursive: true });
  const problem = install();
  if (problem === undefined) writeFileSync(stamp, wanted);
  return problem;
}

/** The packages of peers/package.json. Throws when they cannot be had. */
export function installJavaScriptPeers(say: (text: string) => void): void {
  const problem = once("package.json", peerFolder, () => {
    say("installing the JavaScript peers");
    cpSync(join(peers, "package.json"), join(peerFolder, "package.json"));
    return failure("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], peerFolder);
  });
  if (problem !== undefined) throw new Error(`the JavaScript peers could not be installed: ${problem}`);
}

/** The Python that has the packages of peers/requirements.txt, or why there is none. */
export function findPython(say: (text: string) => void): { program: string } | { reason: string } {
  const named = process.env["EVENKEEL_PYTHON"];
  if (named !== undefined) {
    const problem = failure(named, ["-c", "import keras, tensorflow, torch"], cache);
    return problem === undefined
      ? { program: named }
      : { reason: `EVENKEEL_PYTHON ${named} does not import them: ${problem}` };
  }
  const folder = join(cache, "python");
  const program = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const problem = once("requirements.txt", folder, () => {
    say("installing PyTorch, Keras and TensorFlow (some minutes the first time)");
    return (
      failure("python3", ["-m", "venv", folder], cache) ??
      failure(program, ["-m", "pip", "install", "--quiet", "-r", join(peers, "requirements.txt")], cache)
    );
  });
  return problem === undefined ? { program } : { reason: `no Python 3 that takes them: ${problem}` };
}
