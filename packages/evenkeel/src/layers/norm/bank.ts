import { ArgumentError, checkInteger, checkNumber } from "../../errors.ts";
import type { Values } from "./kept-values.ts";
import type { Moments } from "./moments.ts";

export interface RunningStatsOptions {
  /** Weight of the old value; null is the cumulative average. */
  readonly momentum: number | null;
  readonly zeroDebias: boolean;
  /** Which variance of a batch is taken in: Σ(x − mean)²/m, or /(m − 1); or a mean of variances, as it comes. */
  readonly movingVariance: "biased" | "unbiased" | "mean";
}

/** The running statistics of one domain at one moment. */
export interface Bank {
  readonly weight: number;
  readonly batches: number;
  readonly count: number;
  /** What the values were rounded from, where they are moments of `count` values and no average over batches. */
  readonly exact?: Moments | undefined;
  /** The moments of the batches since the optimizer's last step, where it takes several for one. */
  readonly pending?: Moments | undefined;
  /** Undefined before there are any. */
  readonly values?: Values | undefined;
}

/** What a checkpoint holds beside the values themselves, which are weights of the layer. */
export interface RunningState {
  readonly weight: number;
  readonly batches: number;
  readonly count: number;
  readonly frozen: boolean;
  /** The moments that the values were rounded from. */
  readonly exact?: unknown;
  /** The moments of batches that wait for the optimizer's step. */
  readonly pending?: unknown;
  /** The domain in use; absent where there is only the first one. */
  readonly domain?: string;
  /** The others. */
  readonly domains?: unknown;
}

export interface RunningSnapshot extends Bank {
  readonly frozen: boolean;
  readonly domain: string;
  readonly domains: ReadonlyMap<string, Bank>;
}

/** The name of the one there is at first. */
export const firstDomain = "default";

/** Arrays become lists of integers, of their bits: decimal numbers in JSON would lose -0, NaN and infinities. */
export function toBits(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [...new Int32Array((value as Float64Array).slice().buffer)];
  return mapObject(value, toBits) ?? value;
}

/** The arrays again, which have one value for each of so many channels. Errors: ArgumentError. */
export function fromBits(op: string, value: unknown, channels = 0): unknown {
  if (!Array.isArray(value)) return mapObject(value, (each) => fromBits(op, each, channels)) ?? value;
  const type = [Float32Array, Float64Array][value.length / channels - 1];
  if (type !== undefined && value.every(Number.isInteger)) return new type(Int32Array.from(value).buffer);
  throw new ArgumentError(`${op}: not the state of ${channels} channels; use that of such a layer`);
}

/** Errors: ArgumentError. */
export function checkBank(op: string, { weight, batches, count, exact, pending, values }: Bank): Bank {
  checkNumber(op, "weight", weight, 0, 1);
  checkInteger(op, "batches", batches);
  checkInteger(op, "count", count);
  return { weight, batches, count, exact, pending, values };
}

function mapObject(value: unknown, f: (each: unknown) => unknown): object | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, f(each)]));
}
