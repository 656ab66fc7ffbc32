import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { reasonOf } from "./errors.ts";
import type { OfficialFile } from "./official.ts";

/** The system's folder for caches, or undefined where there is no home. */
export function defaultCache(env: Record<string, string | undefined>, platform: string): string | undefined {
  const base = platform === "win32" ? env["LOCALAPPDATA"] : env["XDG_CACHE_HOME"];
  // The XDG specification: relative paths are to be ignored.
  if (base && isAbsolute(base)) return join(base, "evenkeel", "mnist");
  const local =
    platform === "win32" ? ["AppData", "Local"] : platform === "darwin" ? ["Library", "Caches"] : [".cache"];
  try {
    return join(homedir(), ...local, "evenkeel", "mnist");
  } catch {
    return undefined;
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

interface FailedDownload {
  time: number;
  mirrors: readonly string[];
  reason: string;
}

/** After a failed download the network is left alone for this long, so that each run starts at once. */
const RETRY_AFTER = 3_600_000;

/**
 * Verified files in one folder. Nothing here throws: what cannot be written is told to `log` once, and the run goes
 * on with what it has in memory. Files appear whole (written beside, then renamed): processes may share the folder.
 */
export class Cache {
  readonly folder: string | undefined;
  readonly #log: (line: string) => void;
  #writable: boolean;

  constructor(folder: string | undefined, log: (line: string) => void) {
    this.folder = folder;
    this.#log = log;
    this.#writable = folder !== undefined;
  }

  path(name: string): string {
    return join(this.folder ?? "", name);
  }

  /** The file's bytes, if they are there with the right SHA-256. A file with another one is logged and removed. */
  async read(file: OfficialFile): Promise<Uint8Array | undefined> {
    if (this.folder === undefined) return undefined;
    const path = this.path(file.name);
    let bytes: Uint8Array;
    try {
      bytes = await readFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" && (error as NodeJS.ErrnoException).code !== "ENOTDIR") {
        this.#log(`mnist: cannot read the cache file ${path} (${reasonOf(error)}); going on without it`);
      }
      return undefined;
    }
    const found = sha256(bytes);
    if (found === file.sha256) return bytes;
    this.#log(
      `mnist: the cache file ${path} is corrupt (${bytes.length} bytes with SHA-256 ${found}, ` +
        `wanted ${file.bytes} with ${file.sha256}); discarded, to be fetched again`,
    );
    await rm(path, { force: true }).catch(() => {});
    return undefined;
  }

  /** Runs what writes in the folder. A first failure (disk full, read-only) is logged, and nothing written after it. */
  async attempt<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (!this.#writable) return undefined;
    try {
      await mkdir(this.folder!, { recursive: true });
      return await write();
    } catch (error) {
      this.#writable = false;
      this.#log(`mnist: cannot write to the cache ${this.folder} (${reasonOf(error)}); going on in memory`);
      return undefined;
    }
  }

  async write(name: string, bytes: Uint8Array | string): Promise<void> {
    await this.attempt(async () => {
      const temporary = this.path(`${name}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
      try {
        await writeFile(temporary, bytes);
        await rename(temporary, this.path(name));
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw error;
      }
    });
  }

  async rememberFailure(mirrors: readonly string[], reason: string): Promise<void> {
    await this.write("failed-download.json", JSON.stringify({ time: Date.now(), mirrors, reason }));
  }

  /** How many minutes ago a download from these mirrors failed, if within the last hour. */
  async minutesSinceFailure(mirrors: readonly string[]): Promise<number | undefined> {
    if (this.folder === undefined) return undefined;
    try {
      const failed = JSON.parse(await readFile(this.path("failed-download.json"), "utf8")) as FailedDownload;
      const age = Date.now() - failed.time;
      // A negative age: the clock was set back.
      if (!(age >= 0 && age < RETRY_AFTER) || failed.mirrors.join() !== mirrors.join()) return undefined;
      return Math.floor(age / 60_000);
    } catch {
      return undefined;
    }
  }

  async forgetFailure(): Promise<void> {
    if (this.folder !== undefined) await rm(this.path("failed-download.json"), { force: true }).catch(() => {});
  }
}
