import { unknownName } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { sumTo } from "./fold.ts";
import { unaryGradient } from "./unary-gradient.ts";

/** The activations that matMul and conv2d apply while their result is still in registers. */
export type FusedActivation = "linear" | "relu";

/** The order of `Activation` in crates/kernels/src/matmul. */
const codes: Record<FusedActivation, number> = { linear: 0, relu: 1 };

export function activationCode(op: string, activation: FusedActivation): number {
  return codes[activation] ?? unknownName(op, "fused activation", activation, Object.keys(codes));
}

/**
 * Backward through y = activation(z + bias) over the last axis: dz = dy·activation′, read from y, and dbias = Σ dz over
 * all rows. dz is dy itself when there is no activation.
 */
export function biasActivationGradient(
  op: string,
  y: Tensor,
  dy: Tensor,
  activation: FusedActivation,
  needsBias: boolean,
): { dz: Tensor; dbias: Tensor | undefined } {
  // Where y is positive so is z, and where y is NaN so is z.
  const dz = activation === "linear" ? dy : unaryGradient(op, "relu", y, y, dy);
  return { dz, dbias: needsBias ? sumTo(y.shape.slice(-1), dz) : undefined };
}
