import { constants, type FileHandle, open, readFile, rm, stat } from "node:fs/promises";
import type { Cache } from "./cache.ts";
import type { OfficialFile } from "./official.ts";

/**
 * A file on its way: its bytes so far in memory, and on disk as `<name>.part`, from which a later run resumes.
 * Each chunk is written at its own offset and every process writes the same bytes there, so two processes at once do no
 * harm; and what is on disk is only a start that the SHA-256 of the whole judges in the end.
 */
export class PartialFile {
  readonly bytes: Uint8Array;
  length = 0;
  readonly #path: string;
  readonly #cache: Cache;
  #handle: FileHandle | undefined;

  private constructor(file: OfficialFile, cache: Cache) {
    this.bytes = new Uint8Array(file.bytes);
    this.#path = cache.path(`${file.name}.part`);
    this.#cache = cache;
  }

  static async open(file: OfficialFile, cache: Cache): Promise<PartialFile> {
    const partial = new PartialFile(file, cache);
    partial.#handle = await cache.attempt(() => open(partial.#path, constants.O_RDWR | constants.O_CREAT, 0o644));
    if (partial.#handle) await partial.#resume();
    return partial;
  }

  /** Takes over what an earlier run left, if it can be the beginning of this file. */
  async #resume(): Promise<void> {
    const found = await stat(this.#path).catch(() => undefined);
    if (!found?.isFile() || found.size === 0) return;
    const start = await readFile(this.#path).catch(() => undefined);
    if (!start || start.length > this.bytes.length) return this.reset();
    this.bytes.set(start);
    this.length = start.length;
  }

  async append(chunk: Uint8Array): Promise<void> {
    const position = this.length;
    this.bytes.set(chunk, position);
    this.length += chunk.length;
    const handle = this.#handle;
    if (!handle) return;
    const written = await this.#cache.attempt(async () => {
      for (let done = 0; done < chunk.length;) {
        done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
      }
      return true;
    });
    if (written) return;
    await this.#close();
    await rm(this.#path, { force: true }).catch(() => {}); // a full disk has better uses
  }

  async reset(): Promise<void> {
    this.length = 0;
    await this.#handle?.truncate(0).catch(() => {});
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => {});
  }

  /** Leaves what came on disk for the next run, or takes it away when it is of no more use. */
  async close({ keep }: { keep: boolean }): Promise<void> {
    const hadFile = this.#handle !== undefined;
    await this.#close();
    if (hadFile && (!keep || this.length === 0)) await rm(this.#path, { force: true }).catch(() => {});
  }
}
