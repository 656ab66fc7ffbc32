import process from "node:process";
import { fileURLToPath } from "node:url";
import { defaultCache } from "./cache.ts";
import type { Progress } from "./download.ts";
import { DataError } from "./errors.ts";
import { defaultMirrors } from "./official.ts";

export interface MnistOptions {
  /** A folder with idx files, gzipped or plain. Default: the environment variable EVENKEEL_DATA. */
  folder?: string | URL;
  /** Where downloads are kept; false keeps none. Default: evenkeel/mnist in the system's folder for caches. */
  cache?: string | URL | false;
  /** Addresses that the official file names are appended to, tried in this order. */
  mirrors?: readonly string[];
  /** true: never download. false: download even if that failed within the last hour. Default: let that hour pass. */
  offline?: boolean;
  /** Of the shuffle of the embedded images, and of the split where there is no test set. Default 0. */
  seed?: number;
  /** Stops a download, which a later call resumes. */
  signal?: AbortSignal;
  /** Called for each chunk that arrives. Default: a line to `log` every two seconds. */
  onProgress?: (progress: Progress) => void;
  /** Takes the lines that say where the data come from; false silences them. Default: console.error. */
  log?: ((line: string) => void) | false;
  /** Milliseconds until a mirror answers (all together; 6,000), and without a byte after that (10,000). */
  timeouts?: { connect?: number; stall?: number };
}

export interface Settings {
  folder: string | undefined;
  cache: string | undefined;
  mirrors: readonly string[];
  offline: boolean | undefined;
  seed: number;
  signal: AbortSignal | undefined;
  onProgress: (progress: Progress) => void;
  log: (line: string) => void;
  timeouts: { connect: number; stall: number };
}

const known = ["folder", "cache", "mirrors", "offline", "seed", "signal", "onProgress", "log", "timeouts"];

function wrong(option: string, found: unknown, wanted: string): never {
  const shown = typeof found === "string" ? JSON.stringify(found) : String(found);
  throw new DataError(`mnist: option ${option} is ${shown}, wanted ${wanted}`);
}

function toPath(option: string, value: unknown): string {
  if (value instanceof URL && value.protocol === "file:") return fileURLToPath(value);
  if (typeof value === "string" && value !== "") return value;
  return wrong(option, value, "a path or a file: URL");
}

function toMirrors(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    return wrong("mirrors", value, "one or more http(s) addresses; use offline: true to download nothing");
  }
  return value.map((mirror: unknown) => {
    const address = String(mirror);
    if (!/^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : "")) {
      wrong("mirrors", address, "http(s) addresses");
    }
    return address.endsWith("/") ? address : `${address}/`;
  });
}

function toTime(option: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && value < 2 ** 31) return value;
  return wrong(option, value, "milliseconds above 0");
}

/** Download progress for a log: for a file of 0.1 MB or more, a line when it starts and one every two seconds. */
function progressLines(log: (line: string) => void): (progress: Progress) => void {
  let file = "";
  let next = 0;
  return (progress) => {
    const now = Date.now();
    if (progress.total < 1e5 || (progress.file === file && now < next)) return;
    file = progress.file;
    next = now + 2000;
    const [loaded, total] = [progress.loaded, progress.total].map((bytes) => (bytes / 1e6).toFixed(1));
    log(`mnist: downloading ${file} from ${new URL(progress.mirror).host}: ${loaded} of ${total} MB`);
  };
}

/** Fills in the defaults; throws DataError for an unknown option or a value of the wrong kind. */
export function toSettings(options: MnistOptions): Settings {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown) throw new DataError(`mnist: unknown option ${unknown}, wanted one of ${known.join(", ")}`);
  const { folder = process.env["EVENKEEL_DATA"] || undefined, cache, seed = 0, offline } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) wrong("seed", seed, "an integer from 0 on");
  if (offline !== undefined && typeof offline !== "boolean") wrong("offline", offline, "true or false");
  for (const option of ["log", "onProgress"] as const) {
    const value = options[option];
    if (value !== undefined && value !== false && typeof value !== "function") wrong(option, value, "a function");
  }
  const log = options.log === false ? () => {} : (options.log ?? ((line: string) => console.error(line)));
  return {
    folder: folder === undefined ? undefined : toPath("folder", folder),
    cache:
      cache === undefined
        ? defaultCache(process.env, process.platform)
        : cache === false
          ? undefined
          : toPath("cache", cache),
    mirrors: toMirrors(options.mirrors ?? defaultMirrors),
    offline,
    seed,
    signal: options.signal,
    onProgress: options.onProgress || progressLines(log),
    log,
    timeouts: {
      connect: toTime("timeouts.connect", options.timeouts?.connect ?? 6_000),
      stall: toTime("timeouts.stall", options.timeouts?.stall ?? 10_000),
    },
  };
}
