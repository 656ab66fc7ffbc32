import { checkInteger, checkKeys, checkNumber } from "../errors.ts";
import { findName, snakeCase } from "../keras.ts";
import { fill } from "../tensor/create.ts";
import { defaultStream, RandomStream } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Initializer } from "./initializer.ts";

/**
 * With a seed, every weight that the initializer makes is fixed by it; without, it is drawn from the default stream.
 */
export interface Seeded {
  seed?: number | null;
}

export function zeros(options: object = {}): Initializer {
  checkKeys("zeros", options, []);
  return new Initializer("Zeros", {}, (shape) => fill(shape, 0));
}

export function ones(options: object = {}): Initializer {
  checkKeys("ones", options, []);
  return new Initializer("Ones", {}, (shape) => fill(shape, 1));
}

/** `value` (default 0) everywhere. */
export function constant(options: { value?: number } = {}): Initializer {
  checkKeys("constant", options, ["value"]);
  const value = checkNumber("constant", "value", options.value ?? 0);
  return new Initializer("Constant", { value }, (shape) => fill(shape, value));
}

/** Uniform in [minval, maxval), by default [-0.05, 0.05). */
export function randomUniform(options: { minval?: number; maxval?: number } & Seeded = {}): Initializer {
  const [minval, maxval, seed] = numbers("randomUniform", options, { minval: -0.05, maxval: 0.05 });
  const make = (shape: Shape): Tensor => streamOf(seed).uniform(shape, minval, maxval);
  return new Initializer("RandomUniform", { minval, maxval, seed }, make);
}

/** Normal with `mean` (default 0) and `stddev` (default 0.05). */
export function randomNormal(options: { mean?: number; stddev?: number } & Seeded = {}): Initializer {
  const [mean, stddev, seed] = numbers("randomNormal", options, { mean: 0, stddev: 0.05 });
  return new Initializer("RandomNormal", { mean, stddev, seed }, (shape) => streamOf(seed).normal(shape, mean, stddev));
}

/** The same, kept within two standard deviations of the mean. */
export function truncatedNormal(options: { mean?: number; stddev?: number } & Seeded = {}): Initializer {
  const [mean, stddev, seed] = numbers("truncatedNormal", options, { mean: 0, stddev: 0.05 });
  const make = (shape: Shape): Tensor => streamOf(seed).truncatedNormal(shape, mean, stddev);
  return new Initializer("TruncatedNormal", { mean, stddev, seed }, make);
}

export interface VarianceScalingOptions extends Seeded {
  /** Default: 1. */
  scale?: number;
  /** "fanIn" (default), "fanOut" or "fanAvg". */
  mode?: string;
  /** "truncatedNormal" (default; "normal" is the same), "untruncatedNormal" or "uniform". */
  distribution?: string;
}

/**
 * Variance scale/n, where n is the number of inputs of a unit, of outputs, or their mean; in a convolution's kernel
 * [height, width, in, out] each counts height·width times. As Keras's VarianceScaling.
 */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  const op = "varianceScaling";
  checkKeys(op, options, ["scale", "mode", "distribution", "seed"]);
  const scale = checkNumber(op, "scale", options.scale ?? 1, Number.MIN_VALUE);
  const mode = findName(op, "mode", options.mode ?? "fanIn", ["fanIn", "fanOut", "fanAvg"]);
  const valid = ["truncatedNormal", "untruncatedNormal", "uniform", "normal"] as const;
  const named = findName(op, "distribution", options.distribution ?? "truncatedNormal", valid);
  const distribution = named === "normal" ? "truncatedNormal" : named;
  const seed = seedOf(op, options.seed);
  const config = { scale, mode: snakeCase(mode), distribution: snakeCase(distribution), seed };
  return new Initializer("VarianceScaling", config, scaled({ scale, mode, distribution, seed }));
}

/** Uniform within ±√(6/(inputs + outputs)) (Glorot and Bengio 2010): the default of kernels. */
export const glorotUniform = named("GlorotUniform", { scale: 1, mode: "fanAvg", distribution: "uniform" });
export const glorotNormal = named("GlorotNormal", { scale: 1, mode: "fanAvg", distribution: "truncatedNormal" });
/** Uniform within ±√(6/inputs) (He et al. 2015), for relu. */
export const heUniform = named("HeUniform", { scale: 2, mode: "fanIn", distribution: "uniform" });
export const heNormal = named("HeNormal", { scale: 2, mode: "fanIn", distribution: "truncatedNormal" });
/** Uniform within ±√(3/inputs). */
export const lecunUniform = named("LecunUniform", { scale: 1, mode: "fanIn", distribution: "uniform" });
export const lecunNormal = named("LecunNormal", { scale: 1, mode: "fanIn", distribution: "truncatedNormal" });

interface Scaling {
  scale: number;
  mode: "fanIn" | "fanOut" | "fanAvg";
  distribution: "truncatedNormal" | "untruncatedNormal" | "uniform";
}

function named(className: string, scaling: Scaling): (options?: Seeded) => Initializer {
  const op = `${className.charAt(0).toLowerCase()}${className.slice(1)}`;
  return (options = {}) => {
    checkKeys(op, options, ["seed"]);
    const seed = seedOf(op, options.seed);
    return new Initializer(className, { seed }, scaled({ ...scaling, seed }));
  };
}

/** The standard deviation of a normal distribution of variance 1 after it is cut off at ±2. */
const truncatedDeviation = 0.8796256610342398;

function scaled({ scale, mode, distribution, seed }: Scaling & { seed: number | null }): (shape: Shape) => Tensor {
  return (shape) => {
    const [inputs, outputs] = fans(shape);
    const fan = { fanIn: inputs, fanOut: outputs, fanAvg: (inputs + outputs) / 2 }[mode];
    const variance = scale / Math.max(1, fan);
    const stream = streamOf(seed);
    if (distribution === "uniform") return stream.uniform(shape, -Math.sqrt(3 * variance), Math.sqrt(3 * variance));
    if (distribution === "untruncatedNormal") return stream.normal(shape, 0, Math.sqrt(variance));
    return stream.truncatedNormal(shape, 0, Math.sqrt(variance) / truncatedDeviation);
  };
}

function fans(shape: Shape): [inputs: number, outputs: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const field = sizeOf(shape.slice(0, -2));
  return [inputs * field, outputs * field];
}

function numbers<Key extends string>(
  op: string,
  options: Partial<Record<Key, number>> & Seeded,
  defaults: Record<Key, number>,
): [number, number, number | null] {
  const keys = Object.keys(defaults) as Key[];
  checkKeys(op, options, [...keys, "seed"]);
  const [a, b] = keys.map((key) => checkNumber(op, key, options[key] ?? defaults[key]));
  return [a!, b!, seedOf(op, options.seed)];
}

function seedOf(op: string, seed: number | null | undefined): number | null {
  return seed == null ? null : checkInteger(op, "seed", seed);
}

function streamOf(seed: number | null): RandomStream {
  return seed === null ? defaultStream() : new RandomStream(seed);
}
