import { allocate, int32View, release } from "../wasm/heap.ts";

/** Writes the first values of the block at an address: the same ones, whenever it is called. */
export type Fill = (pointer: number) => void;

/**
 * A block of the WASM heap that several tensors may share (a reshape shares its input's); freed with the last. With a
 * `fill` its values are made when somebody first asks for the address, and never if they are replaced before: so the
 * initial weights of a model that is loaded cost nothing.
 */
export class Storage {
  readonly bytes: number;
  references = 1;
  readonly #pointer: number;
  #fill: Fill | undefined;

  constructor(bytes: number, fill?: Fill) {
    this.bytes = bytes;
    this.#pointer = allocate(bytes);
    this.#fill = fill;
  }

  /** The address of the values. */
  get pointer(): number {
    if (this.#fill !== undefined) {
      this.#fill(this.#pointer);
      this.#fill = undefined;
    }
    return this.#pointer;
  }

  /** Replaces all values by those of a block of the same size. Values that are yet to be made stay so in the copy. */
  copyFrom(source: Storage): void {
    this.#fill = source.#fill;
    if (this.#fill !== undefined) return;
    const length = this.bytes / 4;
    int32View(this.#pointer, length).set(int32View(source.#pointer, length));
  }

  /** The same values in a block of their own. */
  copy(): Storage {
    const copy = new Storage(this.bytes);
    copy.copyFrom(this);
    return copy;
  }

  release(): void {
    this.references -= 1;
    if (this.references === 0) release(this.#pointer, this.bytes);
  }
}
