// Programs compiled without this library would not know the type Disposable.
/// <reference lib="esnext.disposable" preserve="true" />
import { DisposedError, shapeText } from "../errors.ts";
import { float32View, heapStatistics, int32View } from "../wasm/heap.ts";
import { enterScope, leaveScopes } from "./scope.ts";
import { type Shape, sameShape, sizeOf } from "./shape.ts";
import { type Fill, Storage } from "./storage.ts";

export type DataType = "float32" | "int32";
export interface DataArrays {
  float32: Float32Array;
  int32: Int32Array;
}
export type DataArray = DataArrays[DataType];
/** Values as `arraySync()` gives them. */
export type NestedArray = number | NestedArray[];

let numTensors = 0;

/** The net under tensors that no scope owns and nobody disposed: their storage is released after they are collected. */
const unreachable = new FinalizationRegistry<Storage>((storage) => {
  numTensors -= 1;
  storage.release();
});

/**
 * A multi-dimensional array in WASM memory: row-major values of one type, immutable but for variables. Freed at the end
 * of the scope (`tidy`, a gradient, a training step) that made it, by `dispose()` or `using`, or after it is collected.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DataType;
  readonly size: number;
  #storage: Storage | undefined;

  /** Takes over one reference to `storage`. Users call `tensor()`, `zeros()` and so on. */
  constructor(storage: Storage, shape: Shape, dtype: DataType) {
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.#storage = storage;
    numTensors += 1;
    enterScope(this);
  }

  get rank(): number {
    return this.shape.length;
  }

  get isDisposed(): boolean {
    return this.#storage === undefined;
  }

  /** The block of memory behind this tensor; `op` is who asks, for the error after `dispose()`. */
  storage(op: string): Storage {
    if (this.#storage !== undefined) return this.#storage;
    throw new DisposedError(
      `${op}: the tensor ${shapeText(this.shape)} was disposed or its scope has ended; use it before, or keep() it`,
    );
  }

  /** A copy of the values, row-major: a Float32Array, or for int32 an Int32Array (`dataSync<"int32">()`). */
  dataSync<D extends DataType = "float32">(): DataArrays[D] {
    return this.view("dataSync").slice() as DataArrays[D];
  }

  /** A copy of the values, row-major, as `dataSync` gives it. */
  async data<D extends DataType = "float32">(): Promise<DataArrays[D]> {
    return this.view("data").slice() as DataArrays[D];
  }

  /** The values as nested arrays; a number for a scalar. */
  arraySync(): NestedArray {
    return nest(this.view("arraySync"), this.shape, 0, 0);
  }

  /** The values as nested arrays; a number for a scalar. */
  async array(): Promise<NestedArray> {
    return nest(this.view("array"), this.shape, 0, 0);
  }

  /** The values themselves, not a copy: read at once, before anything else is allocated. */
  view(op: string): DataArray {
    const { pointer } = this.storage(op);
    return this.dtype === "float32" ? float32View(pointer, this.size) : int32View(pointer, this.size);
  }

  /** Frees the memory now. Doing it twice is allowed. */
  dispose(): void {
    if (this.#storage === undefined) return;
    leaveScopes(this);
    unreachable.unregister(this);
    this.#storage.release();
    this.#storage = undefined;
    numTensors -= 1;
  }

  /** Leaves the freeing to the garbage collector, for tensors outside of every scope. */
  freeWhenUnreachable(): void {
    if (this.#storage === undefined) return;
    unreachable.unregister(this);
    unreachable.register(this, this.#storage, this);
  }

  toString(): string {
    if (this.isDisposed) return `Tensor(${shapeText(this.shape)}, ${this.dtype}, disposed)`;
    const values = Array.from(this.view("toString").subarray(0, 8), (value) => String(value));
    return `Tensor(${shapeText(this.shape)}, ${this.dtype}: ${values.join(", ")}${this.size > 8 ? ", ..." : ""})`;
  }

  static {
    // `using x = ...`, where the engine has the symbol.
    if (Symbol.dispose) Tensor.prototype[Symbol.dispose] = Tensor.prototype.dispose;
  }
}

export interface Tensor extends Disposable {}

/** A new tensor whose values are yet to be written by a kernel, or by `fill` when they are first read. */
export function allocateTensor(shape: Shape, dtype: DataType = "float32", fill?: Fill): Tensor {
  return new Tensor(new Storage(sizeOf(shape) * 4, fill), shape, dtype);
}

/** The same values in memory of their own. */
export function copyTensor(op: string, tensor: Tensor): Tensor {
  return new Tensor(tensor.storage(op).copy(), tensor.shape, tensor.dtype);
}

/** The same memory seen with another shape of the same size. */
export function shareTensor(op: string, tensor: Tensor, shape: Shape): Tensor {
  const storage = tensor.storage(op);
  storage.references += 1;
  return new Tensor(storage, shape, tensor.dtype);
}

/** The address of a tensor's values, for a kernel. */
export function addressOf(op: string, tensor: Tensor): number {
  return tensor.storage(op).pointer;
}

/** Same type, shape and bits, in every place (NaN equals NaN of the same bits). */
export function sameValues(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  const x = int32View(addressOf("sameValues", a), a.size);
  const y = int32View(addressOf("sameValues", b), b.size);
  return x.every((value, i) => value === y[i]);
}

/**
 * Tensors alive, the bytes they hold now (`numBytes`) and held at most so far (`peakBytes`), and the size of the WASM
 * memory (`heapBytes`), which grows and never shrinks.
 */
export function memory(): { numTensors: number; numBytes: number; peakBytes: number; heapBytes: number } {
  return { numTensors, ...heapStatistics() };
}

function nest(values: DataArray, shape: Shape, axis: number, offset: number): NestedArray {
  if (axis === shape.length) return values[offset]!;
  const stride = sizeOf(shape.slice(axis + 1));
  if (axis === shape.length - 1) return Array.from(values.subarray(offset, offset + shape[axis]!));
  return Array.from({ length: shape[axis]! }, (_, i) => nest(values, shape, axis + 1, offset + i * stride));
}
