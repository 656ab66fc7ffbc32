import { type Cache, sha256 } from "./cache.ts";
import { reasonOf } from "./errors.ts";
import type { OfficialFile } from "./official.ts";
import { PartialFile } from "./partial.ts";

/** How far a file has come, in bytes. */
export interface Progress {
  file: string;
  loaded: number;
  total: number;
  mirror: string;
}

export interface DownloadOptions {
  cache: Cache;
  mirrors: readonly string[];
  /** Mirrors that sent nothing in this run: not asked for the next file. */
  dead: Set<string>;
  /** Milliseconds: until one of all mirrors answers, and without a byte after that. */
  timeouts: { connect: number; stall: number };
  signal: AbortSignal | undefined;
  onProgress: (progress: Progress) => void;
}

/** No mirror had the file. `progressed`: more of it came than there was, so another run may well finish it. */
export class DownloadError extends Error {
  override name = "DownloadError";
  readonly progressed: boolean;
  constructor(message: string, progressed: boolean) {
    super(message);
    this.progressed = progressed;
  }
}

/** One mirror failed at one file. `silent`: not a byte of it came. */
class MirrorError extends Error {
  readonly silent: boolean;
  constructor(message: string, silent = false) {
    super(message);
    this.silent = silent;
  }
}

const ATTEMPTS = 5;

/** Waits for `work`, at most `ms`; whatever goes wrong is a MirrorError, but for the user's own abort. */
async function within<T>(
  work: Promise<T>,
  ms: number,
  late: string,
  silent: boolean,
  abort: AbortController,
): Promise<T> {
  const timer = setTimeout(() => abort.abort(new MirrorError(late, silent)), ms);
  try {
    return await work;
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : new MirrorError(reasonOf(error), silent);
  } finally {
    clearTimeout(timer);
  }
}

/** Moves `partial` to where the answer's body begins, or throws when the answer is not the file. */
async function accept(response: Response, file: OfficialFile, partial: PartialFile): Promise<void> {
  const { status, headers } = response;
  const encoding = headers.get("content-encoding");
  if (encoding && encoding !== "identity") throw new MirrorError(`sends the file re-encoded as ${encoding}`);
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
    if (range && Number(range[1]) === partial.length && (range[2] === "*" || Number(range[2]) === file.bytes)) return;
    await partial.reset();
    throw new MirrorError(`answered another range (${headers.get("content-range")})`);
  }
  if (status === 416) await partial.reset();
  if (status !== 200) throw new MirrorError(`HTTP ${status}`);
  const length = headers.get("content-length");
  if (length !== null && Number(length) !== file.bytes) {
    throw new MirrorError(`has ${length} bytes, wanted ${file.bytes}`);
  }
  await partial.reset();
}

/** Asks one mirror for the rest of the file, and appends what comes until the connection ends. */
async function receive(
  mirror: string,
  file: OfficialFile,
  partial: PartialFile,
  options: DownloadOptions,
): Promise<void> {
  const { signal, timeouts, onProgress } = options;
  signal?.throwIfAborted();
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (partial.length > 0) headers["range"] = `bytes=${partial.length}-`;
    const share = timeouts.connect / options.mirrors.length;
    const request = fetch(new URL(file.name, mirror), { headers, signal: abort.signal });
    const response = await within(request, share, `no answer within ${share / 1000} s`, true, abort);
    await accept(response, file, partial);
    const reader = response.body!.getReader();
    const stalled = `stalled for ${timeouts.stall / 1000} s`;
    for (let silent = true; ; silent = false) {
      const { done, value } = await within(reader.read(), timeouts.stall, stalled, silent, abort);
      if (done) break;
      if (partial.length + value.length > file.bytes) {
        await partial.reset();
        throw new MirrorError(`sends more than ${file.bytes} bytes`);
      }
      await partial.append(value);
      onProgress({ file: file.name, loaded: partial.length, total: file.bytes, mirror });
    }
    if (partial.length < file.bytes) throw new MirrorError(`broke off at ${partial.length} of ${file.bytes} bytes`);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    abort.abort(); // lets go of the connection of an answer that was not read to its end
  }
}

/** Tries one mirror, again while that helps: true when `partial` is the whole file, else `reasons` says why not. */
async function tryMirror(
  mirror: string,
  file: OfficialFile,
  partial: PartialFile,
  options: DownloadOptions,
  reasons: string[],
): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = partial.length;
    let reason: string;
    try {
      if (before < file.bytes) await receive(mirror, file, partial, options);
      const found = sha256(partial.bytes);
      if (found === file.sha256) return true;
      await partial.reset();
      reason = `wrong SHA-256 ${found}`;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof MirrorError)) throw error;
      if (error.silent) options.dead.add(mirror);
      reason = error.message;
    }
    reasons.push(`${new URL(mirror).host}: ${reason}`);
    // Again if more came, or if what an earlier attempt had left was thrown away.
    const helps = partial.length > before || (before > 0 && partial.length === 0);
    if (!helps) return false;
  }
  return false;
}

/**
 * The bytes of `file`, SHA-256 checked and written to the cache, from the first mirror that has them. A broken-off or
 * stalled transfer is resumed (HTTP Range), also from what an earlier run left. Throws DownloadError when no mirror has
 * the file, and the signal's reason when aborted.
 */
export async function download(file: OfficialFile, options: DownloadOptions): Promise<Uint8Array> {
  const { cache, signal } = options;
  const reasons: string[] = [];
  const partial = await PartialFile.open(file, cache);
  const start = partial.length;
  let whole = false;
  try {
    for (const mirror of options.mirrors) {
      signal?.throwIfAborted();
      if (options.dead.has(mirror)) continue;
      whole = await tryMirror(mirror, file, partial, options, reasons);
      if (whole) break;
    }
    if (whole) await cache.write(file.name, partial.bytes);
  } finally {
    await partial.close({ keep: !whole });
  }
  if (whole) return partial.bytes;
  throw new DownloadError(`${file.name}: ${reasons.join("; ") || "no mirror answers"}`, partial.length > start);
}
