import * as ek from "evenkeel";
import { images, sizeOf, uniform } from "./generator.ts";
import type { Reference } from "./goldens.ts";

export interface Network {
  seed: number;
  batch: number;
  classes: number;
  learningRate: number;
  /** How many entries of a larger gradient are kept. */
  samples: number;
  inputShape: number[];
  layers: [kind: "conv2d" | "dense" | "batchNormalization", options: Record<string, unknown>][];
}

export interface Gradient {
  name: string;
  shape: number[];
  seed: number;
  scale: number;
  norm: number;
  projections: number[];
  /** The largest error, and norm of the error, of PyTorch's float32 in four orders of the batch. */
  torchError: number;
  torchErrorNorm: number;
  sample: Reference;
}

export interface NetworkGoldens {
  network: Network;
  adam: { beta1: number; beta2: number; epsilon: number };
  steps: number;
  results: ({ name: string; steps?: number } & Reference)[];
  gradients: Gradient[];
}

export function buildModel({ network, adam }: NetworkGoldens): ek.Sequential {
  const { layers, inputShape, learningRate } = network;
  type Factory = (options: Record<string, unknown>) => ek.Layer;
  const factories = ek.layers as unknown as Record<string, Factory>;
  const model = ek.sequential(
    layers.map(([kind, options], i) => factories[kind]!(i === 0 ? { ...options, inputShape } : options)),
  );
  const optimizer = ek.optimizers.adam({ learningRate, ...adam });
  model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/**
 * Kernels uniform within Glorot's limit, biases in [-0.1, 0], beta in [-0.1, 0.1], gamma in [0.5, 1.5], moving mean 0
 * and variance 1, in Keras's order; weight i has the seed of the network + i.
 */
export function initialWeights({ seed }: Network, model: ek.Sequential): ek.Tensor[] {
  return model.weights.map(({ name, shape }, i) => {
    const kind = name.split("/").at(-1)!;
    return ek.tensor(uniform(seed + i, shape, ...limits(kind, shape)), shape);
  });
}

function limits(kind: string, shape: readonly number[]): [low: number, high: number] {
  if (kind === "kernel") {
    const fans = sizeOf(shape.slice(0, -2)) * (shape.at(-2)! + shape.at(-1)!);
    return [-Math.sqrt(6 / fans), Math.sqrt(6 / fans)];
  }
  const known: Record<string, [number, number]> = {
    bias: [-0.1, 0],
    beta: [-0.1, 0.1],
    gamma: [0.5, 1.5],
    moving_mean: [0, 0],
    moving_variance: [1, 1],
  };
  return known[kind]!;
}

export function batchOf({ seed, batch, inputShape, classes }: Network, step: number): { x: ek.Tensor; y: ek.Tensor } {
  const { x, y } = images(seed + 500, { first: step * batch, count: batch, shape: inputShape, classes });
  return { x: ek.tensor(x, [batch, ...inputShape]), y: ek.tensor(y, [batch, classes]) };
}
