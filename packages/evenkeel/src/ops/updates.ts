import { addressOf, type Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { kernels } from "../wasm/kernels.ts";

export interface AdamUpdate {
  variable: Variable;
  /** The running mean of the gradient, and of its square. */
  first: Tensor;
  second: Tensor;
  gradient: Tensor;
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ at step t. */
  correction1: number;
  correction2: number;
}

/**
 * m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), w ← w − α·m/(√v + ε)
 * with α = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ), in place. ε stands outside of the correction, as in Keras and unlike PyTorch.
 */
export function adamUpdate(update: AdamUpdate): void {
  const { variable, first, second, gradient, learningRate, beta1, beta2, epsilon, correction1, correction2 } = update;
  const [w, m, v, g] = [variable, first, second, gradient].map((x) => addressOf("adam", x)) as Addresses;
  kernels.adam_update(variable.size, w, m, v, g, learningRate, beta1, beta2, epsilon, correction1, correction2);
}

export interface SgdUpdate {
  variable: Variable;
  velocity?: Tensor | undefined;
  gradient: Tensor;
  learningRate: number;
  momentum: number;
  nesterov: boolean;
}

/** v ← momentum·v − lr·g, w ← w + v (Nesterov: w + momentum·v − lr·g); without a velocity w ← w − lr·g. In place. */
export function sgdUpdate(update: SgdUpdate): void {
  const { variable, velocity, gradient, learningRate, momentum, nesterov } = update;
  const [w, g] = [variable, gradient].map((x) => addressOf("sgd", x)) as [number, number];
  const v = velocity === undefined ? 0 : addressOf("sgd", velocity);
  kernels.sgd_update(variable.size, w, v, g, learningRate, momentum, Number(nesterov));
}

/** sum ← sum + scale·x, in place. */
export function accumulate(sum: Tensor, x: Tensor, scale: number): void {
  kernels.sgd_update(sum.size, addressOf("accumulate", sum), 0, addressOf("accumulate", x), -scale, 0, 0);
}

type Addresses = [number, number, number, number];
