import { ArgumentError, checkInteger } from "../errors.ts";
import { allocate, int32View, release } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";
import { allocateTensor, type DataType, type Tensor } from "./tensor.ts";

/** Where a stream stands: its next numbers depend on these two alone. */
export interface RandomState {
  readonly seed: number;
  readonly counter: number;
}

/** A kernel that fills `n` floats from (seed, counter) and two parameters of its distribution. */
type Distribution = "random_uniform" | "random_normal" | "random_truncated_normal";

/**
 * Random numbers that one seed fixes: Philox4x32-10 (Salmon et al. 2011), a function of (seed, counter) alone, so that
 * they have the same bits in every engine and a saved state continues where it was. `seed`: an integer of at least 0.
 */
export class RandomStream {
  #seed: number;
  #counter = 0;

  constructor(seed: number) {
    this.#seed = checkInteger("random", "seed", seed);
  }

  get state(): RandomState {
    return { seed: this.#seed, counter: this.#counter };
  }

  set state(state: RandomState) {
    this.#seed = checkInteger("random", "seed", state.seed);
    this.#counter = checkInteger("random", "counter", state.counter);
  }

  /** Uniform in [min, max). */
  uniform(shape: Shape, min = 0, max = 1): Tensor {
    return this.#tensor("random_uniform", shape, min, max);
  }

  normal(shape: Shape, mean = 0, stddev = 1): Tensor {
    return this.#tensor("random_normal", shape, mean, stddev);
  }

  /** Normal, kept within two standard deviations of the mean. */
  truncatedNormal(shape: Shape, mean = 0, stddev = 1): Tensor {
    return this.#tensor("random_truncated_normal", shape, mean, stddev);
  }

  /** `count` integers from 0 to 2³² − 1. */
  bits(count: number): Uint32Array {
    const pointer = allocate(count * 4);
    kernels.random_bits(...this.#take(count), count, pointer);
    const bits = new Uint32Array(int32View(pointer, count));
    release(pointer, count * 4);
    return bits;
  }

  /** The integers 0 to n − 1 in random order (Fisher and Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    const bits = this.bits(n);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor((bits[i]! / 0x1_0000_0000) * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  /** Takes the numbers' place in the stream now, and draws them when they are first read. */
  #tensor(distribution: Distribution, shape: Shape, a: number, b: number): Tensor {
    const size = sizeOf(checkShape("random", shape));
    const position = this.#take(size);
    const draw = (pointer: number): void => kernels[distribution](...position, size, a, b, pointer);
    return allocateTensor([...shape], "float32", draw);
  }

  /** Seed and counter as halves of 64 bits; the counter moves on by the blocks of four that `count` numbers use. */
  #take(count: number): [number, number, number, number] {
    const halves: [number, number, number, number] = [...halvesOf(this.#seed), ...halvesOf(this.#counter)];
    this.#counter += Math.ceil(count / 4);
    return halves;
  }
}

function halvesOf(value: number): [number, number] {
  return [value % 0x1_0000_0000, Math.floor(value / 0x1_0000_0000)];
}

let stream: RandomStream | undefined;

/** The stream that weights, shuffles and dropout without a seed of their own draw from. */
export function defaultStream(): RandomStream {
  // Not from `crypto`, which takes Node 10 ms to load.
  stream ??= new RandomStream(Math.floor(Math.random() * 0x1_0000_0000));
  return stream;
}

/** Starts the default stream anew: everything random that follows is fixed by `seed`, an integer of at least 0. */
export function setSeed(seed: number): void {
  stream = new RandomStream(checkInteger("setSeed", "seed", seed));
}

/** A seed for a stream of one's own, drawn from the default stream. */
export function nextSeed(): number {
  return defaultStream().bits(1)[0]!;
}

/** Uniform in [min, max). With a `seed` the values depend on it alone. */
export function randomUniform(shape: Shape, min = 0, max = 1, dtype: DataType = "float32", seed?: number): Tensor {
  return streamFor("randomUniform", dtype, seed).uniform(shape, min, max);
}

export function randomNormal(shape: Shape, mean = 0, stddev = 1, dtype: DataType = "float32", seed?: number): Tensor {
  return streamFor("randomNormal", dtype, seed).normal(shape, mean, stddev);
}

/** Normal, kept within two standard deviations of the mean. */
export function truncatedNormal(
  shape: Shape,
  mean = 0,
  stddev = 1,
  dtype: DataType = "float32",
  seed?: number,
): Tensor {
  return streamFor("truncatedNormal", dtype, seed).truncatedNormal(shape, mean, stddev);
}

function streamFor(op: string, dtype: DataType, seed: number | undefined): RandomStream {
  if (dtype !== "float32") throw new ArgumentError(`${op}: dtype ${dtype}; random values are "float32"`);
  return seed === undefined ? defaultStream() : new RandomStream(seed);
}
