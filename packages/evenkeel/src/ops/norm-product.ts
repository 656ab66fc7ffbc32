import { isRecording, record } from "../autograd/tape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { kernels } from "../wasm/kernels.ts";
import { inputsOf, placeOf, type Product } from "./product.ts";

const op = "batchNormalization";

export interface ColumnNorm {
  /** [channels], the last axis of the product. */
  readonly gamma: Tensor | undefined;
  readonly beta: Tensor | undefined;
  readonly epsilon: number;
}

/**
 * y = γ·(z − mean)/√(variance + ε) + β with the batch statistics of z = activation(x·weights + bias), per column: what
 * `normalizeBatch` makes of z, bit by bit. Backward in one pass over z: the gradient goes through the normalization and
 * ReLU, and its column sums are the bias's, before the product takes it. Of the tutorial's step this saves reading and
 * writing both maps once more.
 */
export function normalizeProduct(
  product: Product,
  { gamma, beta, epsilon }: ColumnNorm,
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const { y: z, activation } = product;
  const channels = z.shape.at(-1)!;
  const view = [z.size / channels, channels, 1] as const;
  const [mean, variance] = [allocateTensor([channels]), allocateTensor([channels])];
  const y = allocateTensor(z.shape);
  // Means and variances in float64.
  const moments = allocateTensor([4, channels]);
  kernels.norm_channels_moments(...view, at(z), at(moments));
  const affine = [placeOf(op, gamma), placeOf(op, beta), epsilon] as const;
  kernels.norm_channels_apply(...view, at(z), at(moments), ...affine, at(mean), at(variance), at(y));

  const inputs = inputsOf(product);
  record({
    name: op,
    inputs: [...inputs, ...[gamma, beta].filter((each) => each !== undefined)],
    outputs: [y],
    adjoint: ([dy], needs) => {
      const gradient = (like: Tensor | undefined, index: number): Tensor | undefined =>
        like !== undefined && needs[index] ? allocateTensor(like.shape) : undefined;
      const dbias = gradient(product.bias, 2);
      const dgamma = gradient(gamma, inputs.length);
      const dbeta = gradient(beta, inputs.length + (gamma === undefined ? 0 : 1));
      const dz = needs[0] || needs[1] || dbias !== undefined ? allocateTensor(z.shape) : undefined;
      const results = [dz, dgamma, dbeta, dbias].map((each) => placeOf(op, each)) as [number, number, number, number];
      const values = [at(z), at(moments), placeOf(op, gamma), epsilon, at(dy!)] as const;
      kernels.norm_channels_backward(...view, ...values, Number(activation === "relu"), ...results);
      const ofProduct = dz === undefined ? [undefined, undefined] : product.gradients(dz, needs);
      const ofAffine = [...(gamma === undefined ? [] : [dgamma]), ...(beta === undefined ? [] : [dbeta])];
      return [...ofProduct, ...(product.bias === undefined ? [] : [dbias]), ...ofAffine];
    },
  });
  return { y, mean, variance };
}

/**
 * What a product normalizes its result by on the way to memory, [3, channels]: means, γ/√(variance + ε) and β. The bits
 * are those of `normalizeGiven`. Not differentiable: undefined while a gradient is being recorded.
 */
export function normalizationConstants(
  statistics: { readonly mean: Tensor; readonly variance: Tensor },
  { gamma, beta, epsilon }: ColumnNorm,
): Tensor | undefined {
  if (isRecording()) return undefined;
  const { mean, variance } = statistics;
  const constants = allocateTensor([3, mean.size]);
  const affine = [placeOf(op, gamma), placeOf(op, beta), epsilon] as const;
  kernels.norm_given_constants(mean.size, at(mean), at(variance), ...affine, at(constants));
  return constants;
}

function at(tensor: Tensor): number {
  return addressOf(op, tensor);
}
