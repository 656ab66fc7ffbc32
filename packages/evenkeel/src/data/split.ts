import { ArgumentError, checkNumber, DataError } from "../errors.ts";
import type { Range } from "./batches.ts";

/**
 * Training and validation samples: the last `fraction` of the samples validate, taken before any shuffling, as Keras
 * does; the first ⌊n·(1 − fraction)⌋ train.
 */
export function splitValidation(op: string, samples: number, fraction: number): { training: Range; validation: Range } {
  checkNumber(op, "validationSplit", fraction, 0, 1);
  if (fraction === 0 || fraction === 1) {
    throw new ArgumentError(`${op}: validationSplit is ${fraction}; use a number between 0 and 1, or leave it out`);
  }
  const at = Math.floor(samples * (1 - fraction));
  if (at === 0 || at === samples) {
    const parts = `${at} samples for training and ${samples - at} for validation`;
    throw new DataError(`${op}: validationSplit ${fraction} of ${samples} samples leaves ${parts}; both need some`);
  }
  return { training: { start: 0, end: at }, validation: { start: at, end: samples } };
}
