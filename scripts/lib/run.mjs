// Running commands: quietly for the set-up (the output appears when something fails), or with the output passed on.
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** A failure whose message says all: it is printed without a stack. */
export class Failure extends Error {}

/**
 * Runs `command`, a list of words, and resolves to `{ code, output }`. `show`: what it prints passes on at once;
 * otherwise a terminal sees its last line only. `allowFailure`: a code other than 0 is returned instead of thrown.
 * @param {string[]} command
 * @param {{ show?: boolean, allowFailure?: boolean, cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, { show = false, allowFailure = false, cwd = root, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = command;
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    /** @param {NodeJS.WriteStream} stream */
    const collect = (stream) => (/** @type {Buffer} */ chunk) => {
      output += chunk;
      if (show) stream.write(chunk);
      else showLastLine(output);
    };
    child.stdout.on("data", collect(process.stdout));
    child.stderr.on("data", collect(process.stderr));
    child.on("error", (error) => reject(new Failure(`${program} could not be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      clearLine();
      if (code === 0 || allowFailure) resolve({ code: code ?? 1, output });
      else {
        const tail = show ? "" : `\n${output.trimEnd().split("\n").slice(-60).join("\n")}`;
        reject(new Failure(`${command.join(" ")}\nended with ${signal ?? `exit code ${code}`}${tail}`));
      }
    });
  });
}

/** The full path of a program on the PATH (or of a path given), or undefined. @param {string} program */
export function which(program, path = process.env.PATH ?? "") {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** Runs a script's main function; prints a Failure's message and ends with code 1. @param {() => Promise<void>} body */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Failure ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

/** @param {string} output */
function showLastLine(output) {
  if (!process.stdout.isTTY) return;
  const line =
    output
      .trimEnd()
      .split(/[\r\n]/)
      .pop() ?? "";
  process.stdout.write(`\r\x1b[2K    ${line.slice(0, (process.stdout.columns || 80) - 6)}`);
}

function clearLine() {
  if (process.stdout.isTTY) process.stdout.write("\r\x1b[2K");
}
