import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { normalizeGroups } from "./group-norm.ts";
import { type ChannelMoments, type NormalizeOptions, readMoments, throughChannels } from "./norm.ts";
import { concat, slice } from "./shaping.ts";

/** What a ghost batch is normalized by; `count`: values a channel. */
export type Ghost = ChannelMoments & { count: number };

/**
 * Batch normalization of every `size` samples by themselves, the rest after the last of them too, which joins the ghost
 * before where it has one value a channel (ghost batches, Hoffer et al. 2017). Differentiable in x, γ and β.
 */
export function normalizeGhosts(options: NormalizeOptions, size: number): { y: Tensor; ghosts: Ghost[] } {
  const { x, axes } = options;
  const batch = x.shape[0]!;
  const channels = sizeOf(axes.map((axis) => x.shape[axis]!));
  const rest = batch % size;
  const single = rest * (x.size / batch / channels) === 1;
  const last = single ? Math.min(batch, size + rest) : rest;
  if (last === 0 || last === batch) return normalizeEven(options, last || size);
  const parts = [
    normalizeEven({ ...options, x: slice(x, 0, batch - last) }, size),
    normalizeEven({ ...options, x: slice(x, batch - last) }, last),
  ];
  return { y: concat(parts.map(({ y }) => y)), ghosts: parts.flatMap(({ ghosts }) => ghosts) };
}

/** A ghost is to the kernels one sample, and each of its channels a group. */
function normalizeEven(options: NormalizeOptions, size: number): { y: Tensor; ghosts: Ghost[] } {
  const ghosts: Ghost[] = [];
  const y = throughChannels(options, (x, [outer, channels, inner]) => {
    const count = options.x.shape[0]! / size;
    const view = [count, outer / count, channels, inner, channels] as const;
    const { y, moments } = normalizeGroups("batchNormalization", x, view, options, options.epsilon);
    for (let n = 0; n < count; n++) ghosts.push({ ...readMoments(moments, n), count: (outer / count) * inner });
    return y;
  });
  return { y, ghosts };
}
