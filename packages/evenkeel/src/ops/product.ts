import { record } from "../autograd/tape.ts";
import { addressOf, type Tensor } from "../tensor/tensor.ts";
import { biasActivationGradient, type FusedActivation } from "./activation.ts";

/**
 * y = activation(x·weights + bias), computed but not recorded: a convolution or a matrix product. What follows it may
 * go on from here with an adjoint for both.
 */
export interface Product {
  readonly op: string;
  readonly x: Tensor;
  readonly weights: Tensor;
  readonly bias: Tensor | undefined;
  readonly activation: FusedActivation;
  readonly y: Tensor;
  /** The gradients of x and of the weights where they are needed, from dz, that of x·weights. */
  gradients(dz: Tensor, needs: readonly boolean[]): [dx: Tensor | undefined, dweights: Tensor | undefined];
}

/** The inputs of a product, in the order in which its gradients stand on the tape. */
export function inputsOf({ x, weights, bias }: Product): Tensor[] {
  return bias === undefined ? [x, weights] : [x, weights, bias];
}

/** Puts a product on the tape; returns its result. */
export function recordProduct(product: Product): Tensor {
  const { op, y, activation } = product;
  record({
    name: op,
    inputs: inputsOf(product),
    outputs: [y],
    adjoint: ([dy], needs) => {
      const { dz, dbias } = biasActivationGradient(op, y, dy!, activation, needs[2] === true);
      return [...product.gradients(dz, needs), dbias];
    },
  });
  return y;
}

/** The address of a tensor that may be absent: 0. */
export function placeOf(op: string, tensor: Tensor | undefined): number {
  return tensor === undefined ? 0 : addressOf(op, tensor);
}
