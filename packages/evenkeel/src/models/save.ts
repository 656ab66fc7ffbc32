import { ArgumentError } from "../errors.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { type FileHandle, isFileHandle, placeOf, writeHandle, writePath } from "./files.ts";
import type { Sequential } from "./sequential.ts";

/** A path, a `file:` URL, or a handle of the browser's file system. */
export type SaveTarget = string | URL | FileHandle;

/**
 * Saves a model as one safetensors file: weights, config, optimizer, running statistics, random state. The file is
 * written beside the target and renamed when it is complete, so that an older one is there until then.
 *
 * Without a target: the bytes. Errors: EvenkeelError when it cannot be written; then nothing has changed.
 */
export async function save(model: Sequential, target?: SaveTarget): Promise<Uint8Array<ArrayBuffer> | void> {
  const bytes = writeCheckpoint(model);
  if (target === undefined) return bytes;
  if (isFileHandle(target)) return writeHandle(target, bytes);
  const place = placeOf("save", target);
  if (place instanceof URL) throw new ArgumentError(`save: ${place.href}; save to a path, a file: URL or a handle`);
  writePath(place, bytes);
}
