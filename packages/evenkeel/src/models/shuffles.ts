import { defaultStream, nextSeed, type RandomState, RandomStream } from "../tensor/random.ts";

/**
 * The random stream of a model's shuffles. It is drawn from the default stream at first use and after each `setSeed`;
 * then it is the model's own, so that a saved state continues it.
 */
export class Shuffles {
  #stream: RandomStream | undefined;
  #seededBy: RandomStream | undefined;

  /** The integers 0 to n − 1 in random order. */
  permutation(n: number): Int32Array {
    if (this.#stream === undefined || this.#seededBy !== defaultStream()) {
      this.#seededBy = defaultStream();
      this.#stream = new RandomStream(nextSeed());
    }
    return this.#stream.permutation(n);
  }

  /** Where it stands; undefined before the first use. */
  get state(): RandomState | undefined {
    return this.#stream?.state;
  }

  set state(state: RandomState | undefined) {
    this.#seededBy = defaultStream();
    this.#stream = state && new RandomStream(state.seed);
    if (state !== undefined) this.#stream!.state = state;
  }
}
