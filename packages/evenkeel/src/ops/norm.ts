import { scoped, tidy } from "../tensor/scope.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { float64View } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { add, mul, sub, squaredDifference } from "./binary.ts";
import { withFloats } from "./inputs.ts";
import { type Affine, recordNorm } from "./norm-record.ts";
import { mean } from "./reduce.ts";
import { reshape, transpose } from "./shaping.ts";
import { rsqrt } from "./unary.ts";

export interface ChannelsOf {
  x: Tensor;
  /** The channel axes, from the front and ascending; gamma, beta, mean and variance have their sizes as shape. */
  axes: readonly number[];
}

/** Means and biased variances of the channels, in float64. */
export interface ChannelMoments {
  mean: Float64Array;
  variance: Float64Array;
}

export interface NormalizeOptions extends Affine, ChannelsOf {
  epsilon: number;
}

/** γ and β in the light of the batch's moments. */
export type Correct = (moments: ChannelMoments, affine: Affine) => Affine;

/**
 * y = γ·(x − mean)/√(variance + ε) + β with the mean and the biased variance of each channel of this very x (Ioffe and
 * Szegedy 2015). Differentiable in x, γ and β; the returned statistics, and the moments that `readMoments` reads, are
 * values only. S has at least one element. `correct` replaces γ and β once the moments are known.
 */
export function normalizeBatch(
  options: NormalizeOptions,
  correct?: Correct,
): { y: Tensor; mean: Tensor; variance: Tensor; moments: Tensor } {
  const shape = channelShape(options);
  const moments = allocateTensor([4, sizeOf(shape)]);
  const statistics = { mean: allocateTensor(shape), variance: allocateTensor(shape) };
  const y = throughChannels(options, (x, view) => {
    const { epsilon } = options;
    const y = allocateTensor(x.shape);
    momentsOf(x, view, moments);
    const affine = correct?.(readMoments(moments), options) ?? options;
    const { gamma, beta } = affine;
    const results = [at(statistics.mean), at(statistics.variance), at(y)] as const;
    kernels.norm_channels_apply(...view, at(x), at(moments), optional(gamma), optional(beta), epsilon, ...results);
    recordNorm("batchNormalization", affine, x, y, (dy, [dx, dgamma, dbeta]) => {
      const inputs = [at(x), at(moments), optional(gamma), epsilon, at(dy)] as const;
      kernels.norm_channels_backward(...view, ...inputs, 0, optional(dx), optional(dgamma), optional(dbeta), 0);
    });
    return y;
  });
  return { y, ...statistics, moments };
}

/** The same with given statistics, which are constants: what inference and frozen layers compute. */
export function normalizeGiven(options: NormalizeOptions & { mean: Tensor; variance: Tensor }): Tensor {
  return throughChannels(options, (x, view) => {
    const { gamma, beta, epsilon, mean, variance } = options;
    const rstd = allocateTensor(channelShape(options));
    const y = allocateTensor(x.shape);
    const statistics = [at(mean), at(variance)] as const;
    kernels.norm_given_forward(
      ...view,
      at(x),
      ...statistics,
      optional(gamma),
      optional(beta),
      epsilon,
      at(rstd),
      at(y),
    );
    recordNorm("batchNormalization", options, x, y, (dy, [dx, dgamma, dbeta]) => {
      const inputs = [at(x), at(mean), at(rstd), optional(gamma), at(dy)] as const;
      kernels.norm_given_backward(...view, ...inputs, optional(dx), optional(dgamma), optional(dbeta));
    });
    return y;
  });
}

/** Mean and biased variance of each channel of x in float64, as copies. S has at least one element. */
export function channelMoments(options: ChannelsOf): ChannelMoments {
  return tidy(() => {
    const { x, view } = withChannelsTogether(options);
    return readMoments(momentsOf(x, view));
  });
}

/** The means of the channels, then their variances, in float64: 4 floats a channel. */
function momentsOf(x: Tensor, view: View, moments = allocateTensor([4, view[1]])): Tensor {
  kernels.norm_channels_moments(...view, at(x), at(moments));
  return moments;
}

/** The moments that a kernel wrote for sample `n`: means, then variances, in float64. */
export function readMoments(moments: Tensor, n = 0): ChannelMoments {
  const channels = moments.shape.at(-1)!;
  const values = float64View(at(moments) + 16 * n * channels, 2 * channels);
  return { mean: values.slice(0, channels), variance: values.slice(channels) };
}

/** running ← running + rate·(batch − running), in place and in float64, rounded once. */
export function runningUpdate(running: Tensor, batch: Tensor, rate: number): void {
  kernels.running_update(running.size, rate, at(batch), at(running));
}

/**
 * y = scale·(x − mean)/√(variance + ε) + offset, all of them broadcast against x and differentiable. Named as in tfjs.
 * ε defaults to 1e-3.
 */
export function batchNorm(
  x: TensorLike,
  mean: TensorLike,
  variance: TensorLike,
  offset?: TensorLike,
  scale?: TensorLike,
  epsilon = 1e-3,
): Tensor {
  return scoped(() => {
    const normalized = mul(sub(x, mean), rsqrt(add(variance, epsilon)));
    const scaled = scale === undefined ? normalized : mul(normalized, scale);
    return offset === undefined ? scaled : add(scaled, offset);
  });
}

/** Mean and biased variance over `axis` (all by default), differentiable; the variance is taken around the mean. */
export function moments(
  value: TensorLike,
  axis?: number | readonly number[] | null,
  keepDims = false,
): { mean: Tensor; variance: Tensor } {
  return scoped(() =>
    withFloats("moments", [value], (x) => {
      const center = mean(x, axis, true);
      const variance = mean(squaredDifference(x, center), axis, keepDims);
      return { mean: reshape(center, variance.shape), variance };
    }),
  );
}

/** [outer, channels, inner]: how the kernels see x. With channels last, inner is 1. */
export type View = readonly [outer: number, channels: number, inner: number];

/** `f` of x with its channels together; they are back in their places in the result. */
export function throughChannels(options: ChannelsOf, f: (x: Tensor, view: View) => Tensor): Tensor {
  const { x, view, back } = withChannelsTogether(options);
  const y = f(x, view);
  return back === undefined ? y : transpose(y, back);
}

/** x, whose channel axes are moved to the end unless they are neighbours: then `back` is the way back. */
function withChannelsTogether({ x, axes }: ChannelsOf): { x: Tensor; view: View; back?: readonly number[] } {
  const first = axes[0] ?? x.rank;
  const last = axes.at(-1) ?? x.rank - 1;
  if (last - first + 1 === axes.length) {
    const sizes = [x.shape.slice(0, first), x.shape.slice(first, last + 1), x.shape.slice(last + 1)].map(sizeOf);
    return { x, view: sizes as unknown as View };
  }
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  const channels = sizeOf(axes.map((axis) => x.shape[axis]!));
  const view: View = [channels === 0 ? 0 : x.size / channels, channels, 1];
  return { x: transpose(x, order), view, back: order.map((_, axis) => order.indexOf(axis)) };
}

function channelShape({ x, axes }: ChannelsOf): Shape {
  return axes.map((axis) => x.shape[axis]!);
}

function at(tensor: Tensor): number {
  return addressOf("batchNormalization", tensor);
}

function optional(tensor: Tensor | undefined): number {
  return tensor === undefined ? 0 : at(tensor);
}
