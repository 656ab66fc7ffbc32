import { ArgumentError, EvenkeelError, valueText } from "../errors.ts";
import { builtin } from "../host.ts";

/** What is used of FileSystemFileHandle, in browsers. */
export interface FileHandle {
  readonly name: string;
  createWritable(): Promise<{
    write(data: Uint8Array<ArrayBuffer>): Promise<void>;
    close(): Promise<void>;
    abort(): Promise<void>;
  }>;
  getFile(): Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>;
}

/** What is used of Node's node:fs, which Deno and Bun have too. */
interface FileSystem {
  accessSync(path: string, mode: number): void;
  closeSync(file: number): void;
  fsyncSync(file: number): void;
  openSync(path: string, flags: string): number;
  readFileSync(path: string): Uint8Array;
  realpathSync(path: string): string;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: boolean }): void;
  statSync(path: string, options: { throwIfNoEntry: false }): { isFile(): boolean } | undefined;
  writeSync(file: number, bytes: Uint8Array, offset: number): number;
  constants: { W_OK: number };
}

export function isFileHandle(value: unknown): value is FileHandle {
  return typeof (value as FileHandle | undefined)?.createWritable === "function";
}

/** The browser swaps the file in when it is closed, so that an older one is there until then. */
export async function writeHandle(handle: FileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const file = await handle.createWritable();
  try {
    await file.write(bytes);
    await file.close();
  } catch (cause) {
    await file.abort().catch(() => {});
    throw failure("save", handle.name, cause);
  }
}

/** A path; or a URL, when it is one with a scheme that is not `file:`. Windows's drives are no schemes. */
export function placeOf(op: string, place: unknown): string | URL {
  const isText = typeof place === "string" && place !== "";
  if (!isText && !(place instanceof URL)) {
    throw new ArgumentError(`${op}: ${valueText(place)}; use a path, a URL, bytes or a file handle`);
  }
  if (isText && !/^[a-z][a-z\d+.-]+:\/\//i.test(place)) return place;
  const url = new URL(place);
  return url.protocol === "file:" ? pathOf(url) : url;
}

/** The path of a `file:` URL. */
function pathOf({ pathname, hostname }: URL): string {
  const path = decodeURIComponent(pathname);
  if (hostname !== "") return `//${hostname}${path}`;
  return /^\/[a-z]:/i.test(path) ? path.slice(1) : path;
}

export function readPath(path: string): Uint8Array {
  const fs = fileSystem("loadModel", path);
  try {
    return fs.readFileSync(path);
  } catch (cause) {
    throw failure("loadModel", path, cause);
  }
}

/** Writes a file beside `path`, makes sure that it is on the disk, and renames it. On failure it is removed. */
export function writePath(path: string, bytes: Uint8Array): void {
  const fs = fileSystem("save", path);
  try {
    const old = fs.statSync(path, { throwIfNoEntry: false });
    if (old === undefined) return replace(fs, path, bytes);
    // A link stays a link, a protected file stays as it is.
    fs.accessSync(path, fs.constants.W_OK);
    if (old.isFile()) replace(fs, fs.realpathSync(path), bytes);
    else writeAll(fs, path, "w", bytes, false);
  } catch (cause) {
    throw failure("save", path, cause);
  }
}

function replace(fs: FileSystem, path: string, bytes: Uint8Array): void {
  const unique = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
  const temporary = `${path}.${unique}.tmp`;
  try {
    writeAll(fs, temporary, "wx", bytes);
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function writeAll(fs: FileSystem, path: string, flags: string, bytes: Uint8Array, synchronize = true): void {
  const file = fs.openSync(path, flags);
  try {
    for (let written = 0; written < bytes.length;) written += fs.writeSync(file, bytes, written);
    if (synchronize) fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

function fileSystem(op: string, path: string): FileSystem {
  const fs = builtin<FileSystem>("fs");
  if (fs?.openSync !== undefined) return fs;
  const fix = op === "save" ? "call save() for the bytes, or pass a file handle" : "pass bytes, a URL or a file handle";
  throw new EvenkeelError(`${op}: ${path}: there is no file system here; ${fix}`);
}

const fixes: Record<string, string> = {
  ENOENT: "there is no such file or folder; check the path, or make the folder first",
  ENOTDIR: "a part of the path is no folder; check the path",
  EISDIR: "that is a folder; name a file in it",
  EACCES: "it is protected; change its permissions, or use another place",
  EPERM: "it is protected; change its permissions, or use another place",
  EROFS: "that disk is read-only; use another place",
  ENOSPC: "the disk is full; make room, or use another place",
  EDQUOT: "your quota is used up; make room, or use another place",
  EFBIG: "the file is larger than the system allows; use another place",
};

function failure(op: string, path: string, cause: unknown): EvenkeelError {
  const { code = "", message } = cause as { code?: string; message: string };
  const kept = op === "save" ? "; nothing was changed" : "";
  return new EvenkeelError(`${op}: ${path}: ${fixes[code] ?? message}${kept} (${code || "failed"})`, { cause });
}
