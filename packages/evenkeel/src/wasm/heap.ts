import { OutOfMemoryError } from "../errors.ts";
import { kernels } from "./kernels.ts";

/**
 * The WASM heap as blocks of a few sizes. A block that is given back waits in the free list of its size class, so that
 * a training loop, which asks for the same sizes step after step, stops allocating after its first steps: the memory is
 * flat, and blocks are warm in the cache. Views are made anew at each use: `memory.grow` detaches every older one.
 */
const freeLists = new Map<number, number[]>();

/** Rust's limit for one allocation on a 32-bit target. */
const largestBlock = 0x8000_0000;

let liveBytes = 0;
let peakBytes = 0;

/** Four classes an octave: at most a quarter of a block is wasted. Never under 64 bytes, a cache line. */
export function sizeClass(bytes: number): number {
  if (bytes <= 64) return 64;
  const quarter = 1 << (29 - Math.clz32(bytes - 1));
  return Math.ceil(bytes / quarter) * quarter;
}

/** The address of a block of at least `bytes`, its contents undefined. Throws OutOfMemoryError, changing nothing. */
export function allocate(bytes: number): number {
  const size = sizeClass(bytes);
  let pointer = freeLists.get(size)?.pop() ?? 0;
  if (pointer === 0) pointer = request(size);
  liveBytes += bytes;
  if (liveBytes > peakBytes) peakBytes = liveBytes;
  return pointer;
}

/** Gives back a block of `allocate(bytes)`. */
export function release(pointer: number, bytes: number): void {
  const size = sizeClass(bytes);
  const list = freeLists.get(size);
  if (list === undefined) freeLists.set(size, [pointer]);
  else list.push(pointer);
  liveBytes -= bytes;
}

function request(size: number): number {
  if (size >= largestBlock) throw outOfMemory(size);
  let pointer = kernels.alloc(size) >>> 0;
  if (pointer === 0) {
    returnFreeBlocks();
    pointer = kernels.alloc(size) >>> 0;
  }
  if (pointer === 0) throw outOfMemory(size);
  return pointer;
}

/** Hands the waiting blocks of all classes back to the allocator in Rust, which can merge neighbours. */
function returnFreeBlocks(): void {
  for (const [size, list] of freeLists) for (const pointer of list) kernels.free(pointer, size);
  freeLists.clear();
}

function outOfMemory(bytes: number): OutOfMemoryError {
  const megabytes = (value: number): string => `${(value / 0x10_0000).toFixed(1)} MiB`;
  return new OutOfMemoryError(
    `memory: no room for ${megabytes(bytes)} beside the ${megabytes(liveBytes)} in use (WASM ends at 4 GiB); ` +
      "use a smaller batch, or dispose() what is no longer needed",
  );
}

/** Kernels that need scratch space return 1 when they could not have it. */
export function checkScratch(op: string, status: number): void {
  if (status === 0) return;
  throw new OutOfMemoryError(`${op}: no room for the kernel's scratch space; use a smaller batch or dispose() tensors`);
}

/** A view of float32 values, valid until the next allocation. */
export function float32View(pointer: number, length: number): Float32Array {
  return new Float32Array(kernels.memory.buffer, pointer, length);
}

/** A view of int32 values, valid until the next allocation. */
export function int32View(pointer: number, length: number): Int32Array {
  return new Int32Array(kernels.memory.buffer, pointer, length);
}

/** A view of float64 values, valid until the next allocation. */
export function float64View(pointer: number, length: number): Float64Array {
  return new Float64Array(kernels.memory.buffer, pointer, length);
}

/** Writes a kernel's dimensions into the area that the module keeps for them, and returns its address. */
export function writeArguments(values: readonly number[]): number {
  if (argumentArea.byteLength === 0) argumentArea = int32View(kernels.args() >>> 0, argumentCount);
  for (let i = 0; i < values.length; i++) argumentArea[i] = values[i]!;
  return argumentArea.byteOffset;
}

/** As many as crates/wasm/src/memory.rs keeps. */
const argumentCount = 64;

/** The one view that is kept, as most calls need it: growing the memory detaches it, and then its length is 0. */
let argumentArea: Int32Array = new Int32Array(0);

/** Bytes held by tensors now, the most they ever held, and the size of the WASM memory, which never shrinks. */
export function heapStatistics(): { numBytes: number; peakBytes: number; heapBytes: number } {
  return { numBytes: liveBytes, peakBytes, heapBytes: kernels.memory.buffer.byteLength };
}
