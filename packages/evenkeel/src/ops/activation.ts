import { unknownName } from "../errors.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { kernels } from "../wasm/kernels.ts";

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
  const columns = y.shape.at(-1)!;
  const dz = activation === "linear" ? dy : allocateTensor(y.shape);
  const dbias = needsBias ? allocateTensor([columns]) : undefined;
  if (dz === dy && dbias === undefined) return { dz, dbias };
  kernels.bias_activation_backward(
    columns === 0 ? 0 : y.size / columns,
    columns,
    codes[activation],
    addressOf(op, y),
    addressOf(op, dy),
    dz === dy ? 0 : addressOf(op, dz),
    dbias === undefined ? 0 : addressOf(op, dbias),
  );
  return { dz, dbias };
}
