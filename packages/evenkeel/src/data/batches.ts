import { gather } from "../ops/indexing.ts";
import { slice } from "../ops/shaping.ts";
import { createTensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The samples from `start` up to `end` of tensors that stay where they are. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export function lengthOf(range: Range): number {
  return range.end - range.start;
}

/**
 * `range` cut into batches of `batchSize`, the last one maybe smaller. `joinSingle`: a last batch of one sample joins
 * the batch before it, for networks that cannot train on one.
 */
export function batchesOf(range: Range, batchSize: number, joinSingle = false): Range[] {
  const batches: Range[] = [];
  for (let start = range.start; start < range.end; start += batchSize) {
    batches.push({ start, end: Math.min(start + batchSize, range.end) });
  }
  if (joinSingle && batchSize > 1 && batches.length > 1 && lengthOf(batches.at(-1)!) === 1) {
    batches.splice(-2, 2, { start: batches.at(-2)!.start, end: range.end });
  }
  return batches;
}

/** The samples of `batch`, taken in `order` where there is one. Call it inside a scope: all of x is x itself. */
export function takeBatch(op: string, x: Tensor, batch: Range, order?: Int32Array): Tensor {
  if (order !== undefined) return gather(x, createTensor(op, order.subarray(batch.start, batch.end)));
  if (lengthOf(batch) === x.shape[0]) return x;
  return slice(x, batch.start, lengthOf(batch));
}
