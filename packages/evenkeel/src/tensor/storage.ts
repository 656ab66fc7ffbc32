import { allocate, release } from "../wasm/heap.ts";

/** A block of the WASM heap that several tensors may share (a reshape shares its input's); freed with the last. */
export interface Storage {
  readonly pointer: number;
  readonly bytes: number;
  references: number;
}

export function createStorage(bytes: number): Storage {
  return { pointer: allocate(bytes), bytes, references: 1 };
}

export function releaseStorage(storage: Storage): void {
  storage.references -= 1;
  if (storage.references === 0) release(storage.pointer, storage.bytes);
}
