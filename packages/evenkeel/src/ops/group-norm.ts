import { checkInteger, checkNumber, ShapeError } from "../errors.ts";
import { allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { checkScratch } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { withFloats } from "./inputs.ts";
import { checkParameter } from "./layer-norm.ts";
import { type Affine, recordNorm } from "./norm-record.ts";
import { placeOf } from "./product.ts";
import { sampleView } from "./sample-view.ts";

export interface GroupNormOptions {
  /** How many groups of channels; -1 makes each channel one (instance normalization). Default: 32. */
  groups?: number;
  /** Factors, [channels]. Default: 1. */
  gamma?: TensorLike | undefined;
  /** What is added, [channels]. Default: 0. */
  beta?: TensorLike | undefined;
  /** The channel axis. Default: -1; 1 for channels first. */
  axis?: number;
  /** Default: 1e-3. */
  epsilon?: number;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β, mean and biased variance taken over each group of neighbouring channels, and
 * all other axes, of each sample (Wu and He 2018). x: [batch, …, channels, …]; γ, β: [channels]. Differentiable in x,
 * γ and β. As Keras's GroupNormalization; PyTorch's ε is 1e-5. With 1 group it is layer normalization over all but the
 * batch.
 *
 * Errors: ShapeError where the groups do not divide the channels, or γ or β have another shape.
 */
export function groupNorm(value: TensorLike, options: GroupNormOptions = {}): Tensor {
  const op = "groupNorm";
  const { gamma, beta } = options;
  const epsilon = checkNumber(op, "epsilon", options.epsilon ?? 1e-3, 0);
  return withFloats(op, [value, gamma ?? 1, beta ?? 0], (x, givenGamma, givenBeta) => {
    const view = sampleView(op, x, options.axis ?? -1);
    const channels = view[2];
    const groups = groupsOf(op, options.groups ?? 32, channels);
    const affine = {
      gamma: gamma === undefined ? undefined : checkParameter(op, "gamma", givenGamma, [channels]),
      beta: beta === undefined ? undefined : checkParameter(op, "beta", givenBeta, [channels]),
    };
    return normalizeGroups(op, x, [...view, groups], affine, epsilon).y;
  });
}

/** How the kernels see x, and how many groups there are. */
export type GroupView = readonly [samples: number, outer: number, channels: number, inner: number, groups: number];

/**
 * The same for x in the order of `view`, and the moments it is by: for each sample the mean of its group for each
 * channel, then the variances, in float64: [samples, 4, channels] floats. γ, β: [channels].
 */
export function normalizeGroups(
  op: string,
  x: Tensor,
  view: GroupView,
  affine: Affine,
  epsilon: number,
): { y: Tensor; moments: Tensor } {
  // Nothing to take a mean of: no samples.
  const shape = x.size === 0 ? ([0, ...view.slice(1)] as unknown as GroupView) : view;
  const y = allocateTensor(x.shape);
  const moments = allocateTensor([shape[0], 4, shape[2]]);
  const at = (tensor: Tensor | undefined): number => placeOf(op, tensor);
  kernels.norm_groups_forward(...shape, at(x), at(affine.gamma), at(affine.beta), epsilon, at(moments), at(y));
  recordNorm(op, affine, x, y, (dy, [dx, dgamma, dbeta]) => {
    const inputs = [at(x), at(moments), at(affine.gamma), epsilon, at(dy)] as const;
    checkScratch(op, kernels.norm_groups_backward(...shape, ...inputs, at(dx), at(dgamma), at(dbeta)));
  });
  return { y, moments };
}

/** The number of groups, checked against the channels. */
export function groupsOf(op: string, given: unknown, channels: number): number {
  if (given === -1) return Math.max(channels, 1);
  const groups = checkInteger(op, "groups", given, 1);
  if (channels % groups === 0) return groups;
  throw new ShapeError(`${op}: ${groups} groups of ${channels} channels; use a number that divides them, or -1`);
}
