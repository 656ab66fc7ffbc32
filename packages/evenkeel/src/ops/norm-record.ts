import { record } from "../autograd/tape.ts";
import { allocateTensor, type Tensor } from "../tensor/tensor.ts";

export interface Affine {
  gamma?: Tensor | undefined;
  beta?: Tensor | undefined;
}

/** Computes the gradients that are there: of x, γ and β. */
type Backward = (dy: Tensor, gradients: readonly (Tensor | undefined)[]) => void;

/** Notes a normalization of x with its adjoint. */
export function recordNorm(name: string, { gamma, beta }: Affine, x: Tensor, y: Tensor, backward: Backward): void {
  const affine = [gamma, beta].filter((each) => each !== undefined);
  record({
    name,
    inputs: [x, ...affine],
    outputs: [y],
    adjoint: ([dy], needs) => {
      const gradient = (input: Tensor | undefined, wanted: boolean | undefined): Tensor | undefined =>
        input !== undefined && wanted ? allocateTensor(input.shape) : undefined;
      const dx = gradient(x, needs[0]);
      const dgamma = gradient(gamma, needs[1]);
      const dbeta = gradient(beta, needs[affine.length]);
      backward(dy!, [dx, dgamma, dbeta]);
      return [dx, ...(gamma === undefined ? [] : [dgamma]), ...(beta === undefined ? [] : [dbeta])];
    },
  });
}
