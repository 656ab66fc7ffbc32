import { isRecording, record } from "../autograd/tape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { writeArguments } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { allocatePlaces, poolGeometry } from "./pool.ts";
import { inputsOf, placeOf, type Product } from "./product.ts";

const op = "batchNormalization";

export interface ColumnNorm {
  /** [channels], the last axis of the product. */
  readonly gamma: Tensor | undefined;
  readonly beta: Tensor | undefined;
  readonly epsilon: number;
}

/**
 * y = γ·(z − mean)/√(variance + ε) + β with the batch statistics of z = activation(x·weights + bias), per column; where
 * `poolSize` is given, its largest values in windows of that size side by side. Backward in one pass over z: the
 * gradient goes through pooling, normalization and ReLU, and its column sums are the bias's, before the product has it.
 */
export function normalizeProduct(
  product: Product,
  norm: ColumnNorm,
  poolSize?: readonly [number, number],
): Omit<Normalized, "backward"> {
  const { gamma, beta } = norm;
  const { y: z, bias, activation } = product;
  const normalized = poolSize === undefined ? normalize(z, norm) : normalizeAndPool(z, norm, poolSize);
  const inputs = inputsOf(product);
  record({
    name: op,
    inputs: [...inputs, ...[gamma, beta].filter((each) => each !== undefined)],
    outputs: [normalized.y],
    adjoint: ([dy], needs) => {
      const gradient = (like: Tensor | undefined, index: number): Tensor | undefined =>
        like !== undefined && needs[index] ? allocateTensor(like.shape) : undefined;
      const dbias = gradient(bias, 2);
      const dgamma = gradient(gamma, inputs.length);
      const dbeta = gradient(beta, inputs.length + (gamma === undefined ? 0 : 1));
      const dz = needs[0] || needs[1] || dbias !== undefined ? allocateTensor(z.shape) : undefined;
      const results = [dz, dgamma, dbeta, dbias].map((each) => placeOf(op, each)) as Results;
      normalized.backward(at(dy!), Number(activation === "relu"), results);
      const ofProduct = dz === undefined ? [undefined, undefined] : product.gradients(dz, needs);
      const ofAffine = [...(gamma === undefined ? [] : [dgamma]), ...(beta === undefined ? [] : [dbeta])];
      return [...ofProduct, ...(bias === undefined ? [] : [dbias]), ...ofAffine];
    },
  });
  return normalized;
}

/** The addresses of dz, dγ, dβ and dbias; 0 where one is not wanted. */
type Results = [dz: number, dgamma: number, dbeta: number, dbias: number];

interface Normalized {
  readonly y: Tensor;
  /** As the kernels have them: means and variances in float64. */
  readonly moments: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly backward: (dy: number, relu: number, results: Results) => void;
}

function normalize(z: Tensor, norm: ColumnNorm): Normalized {
  const { view, moments, mean, variance, affine } = prepare(z, norm);
  const y = allocateTensor(z.shape);
  kernels.norm_channels_apply(...view, at(z), at(moments), ...affine, at(mean), at(variance), at(y));
  const backward: Normalized["backward"] = (dy, relu, results) => {
    const values = [at(z), at(moments), placeOf(op, norm.gamma), norm.epsilon, dy, relu] as const;
    kernels.norm_channels_backward(...view, ...values, ...results);
  };
  return { y, moments, mean, variance, backward };
}

function normalizeAndPool(z: Tensor, norm: ColumnNorm, size: readonly [number, number]): Normalized {
  const { moments, mean, variance, affine } = prepare(z, norm);
  const { geometry, outShape } = poolGeometry("maxPool", z, { size, strides: size, padding: "valid" });
  const y = allocateTensor(outShape);
  // The z of each y: backward sums over these alone.
  const peaks = allocateTensor(outShape);
  const places = allocatePlaces(y.size);
  const outputs = [mean, variance, y, peaks, places].map(at) as [number, number, number, number, number];
  kernels.norm_pool_forward(writeArguments(geometry), at(z), at(moments), ...affine, ...outputs);
  const backward: Normalized["backward"] = (dy, relu, results) => {
    const values = [at(z), at(peaks), at(places), at(moments), placeOf(op, norm.gamma), norm.epsilon, dy] as const;
    kernels.norm_pool_backward(writeArguments(geometry), ...values, relu, ...results);
  };
  return { y, moments, mean, variance, backward };
}

function prepare(z: Tensor, { gamma, beta, epsilon }: ColumnNorm) {
  const channels = z.shape.at(-1)!;
  const view = [z.size / channels, channels, 1] as const;
  // Means and variances in float64.
  const moments = allocateTensor([4, channels]);
  kernels.norm_channels_moments(...view, at(z), at(moments));
  const [mean, variance] = [allocateTensor([channels]), allocateTensor([channels])] as const;
  return { view, moments, mean, variance, affine: [placeOf(op, gamma), placeOf(op, beta), epsilon] as const };
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
