import { record, withoutRecording } from "../autograd/tape.ts";
import { fill } from "../tensor/create.ts";
import { scoped } from "../tensor/scope.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { float32View, float64View } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { add, mul, sub } from "./binary.ts";
import { type SampleView, sampleView } from "./sample-view.ts";
import { broadcastTo } from "./shaping.ts";
import { neg } from "./unary.ts";

/**
 * Mean and biased variance of each channel of each sample, [samples, channels]. The mean comes in two parts whose sum
 * it is, as one float32 loses digits where it is large against the deviation. What is to be compared with other means
 * is best taken relative to one of them: (shift − other) + mean.
 */
export interface SampleMoments {
  /** The mean rounded to float32, a constant. */
  shift: Tensor;
  /** What rounding took from the mean, with the gradient of the whole. */
  mean: Tensor;
  variance: Tensor;
}

/**
 * The moments over the space of each channel of each sample, taken in float64: (mean, Σ(x − mean)²/m). x: [samples, …,
 * channels, …], channels along `axis`. Differentiable. 0 where there are no elements.
 */
export function sampleMoments(x: Tensor, axis: number): SampleMoments {
  const view = sampleView("sampleMoments", x, axis);
  const [samples, outer, channels, inner] = view;
  const shape = [samples, channels];
  const [shift, mean, variance] = [allocateTensor(shape), allocateTensor(shape), allocateTensor(shape)];
  writeMoments(x, view, { shift, mean, variance });
  record({
    name: "sampleMoments",
    inputs: [x],
    outputs: [mean, variance],
    // dx = dmean/m + dvariance·2(x − mean)/m.
    adjoint: ([dmean = fill(shape, 0), dvariance = fill(shape, 0)]) => {
      const [scale, offset] = [mul(dvariance, 2 / (outer * inner)), mul(dmean, 1 / (outer * inner))];
      return [forward(x, view, centreOf({ shift, mean, scale, offset }))];
    },
  });
  return { shift, mean, variance };
}

function writeMoments(x: Tensor, [samples, ...view]: SampleView, results: SampleMoments): void {
  const channels = view[1];
  // For each sample the means of its channels, then their variances: in float64, 4 floats a channel.
  const moments = allocateTensor([samples, 4, channels]);
  if (x.size === 0) kernels.fill(moments.size, 0, at(moments));
  else for (let n = 0; n < samples; n++) kernels.norm_channels_moments(...view, at(x, n), at(moments, n));
  const values = float64View(at(moments), moments.size / 2);
  const view32 = (tensor: Tensor): Float32Array => float32View(at(tensor), tensor.size);
  const [shift, mean, variance] = [view32(results.shift), view32(results.mean), view32(results.variance)];
  for (let i = 0; i < shift.length; i++) {
    const place = i + (i - (i % channels));
    shift[i] = values[place]!;
    mean[i] = values[place]! - shift[i]!;
    variance[i] = values[place + channels]!;
  }
  moments.dispose();
}

/** Of each channel of each sample: [samples, channels], or what broadcasts to that. */
export interface SampleAffine {
  /** A constant part of the mean. Default: 0. */
  shift?: Tensor;
  mean: Tensor;
  scale: Tensor;
  offset: Tensor;
}

/**
 * y = (x − shift − mean)·scale + offset for each channel of each sample. Differentiable in all but the shift:
 * dx = scale·g, doffset = Σg, dscale = Σg·(x − shift − mean), dmean = −scale·Σg.
 */
export function normalizeSamples(x: Tensor, axis: number, given: SampleAffine): Tensor {
  const view = sampleView("normalizeSamples", x, axis);
  return scoped(() => {
    const whole = (tensor: Tensor): Tensor => broadcastTo(tensor, [view[0], view[2]]);
    const [mean, scale, offset] = [whole(given.mean), whole(given.scale), whole(given.offset)];
    const shift = given.shift && whole(given.shift);
    const centred = withoutRecording(() => centreOf({ shift, mean, scale, offset }));
    const y = forward(x, view, centred);
    record({
      name: "normalizeSamples",
      inputs: [x, mean, scale, offset],
      outputs: [y],
      adjoint: ([dy], needs) => {
        const dx = needs[0] ? allocateTensor(x.shape) : undefined;
        if (!needs.includes(true, 1)) {
          backward(x, view, centred, dy!, [dx]);
          return [dx];
        }
        const [around, doffset] = [allocateTensor(mean.shape), allocateTensor(mean.shape)];
        backward(x, view, centred, dy!, [dx, around, doffset]);
        return [dx, neg(mul(scale, doffset)), sub(around, mul(centred.lost, doffset)), doffset];
      },
    });
    return y;
  });
}

/** (x − centre)·scale + offset, all of [samples, channels], and what rounding took from the centre. */
interface Centred {
  centre: Tensor;
  lost: Tensor;
  scale: Tensor;
  offset: Tensor;
}

function centreOf({ shift, mean, scale, offset }: SampleAffine): Centred {
  if (shift === undefined) return { centre: mean, lost: fill(mean.shape, 0), scale, offset };
  const centre = add(shift, mean);
  const lost = sub(mean, sub(centre, shift));
  // What rounding took from the centre is taken from the offset.
  return { centre, lost, scale, offset: sub(offset, mul(lost, scale)) };
}

function forward(x: Tensor, [samples, ...view]: SampleView, { centre, scale, offset }: Centred): Tensor {
  const y = allocateTensor(x.shape);
  // The kernel computes rstd = 1/√(variance + ε): 1/√(0 + 1).
  const [variance, rstd] = [fill([view[1]], 0), allocateTensor([view[1]])];
  for (let n = 0; n < samples; n++) {
    const affine = [at(scale, n), at(offset, n), 1] as const;
    kernels.norm_given_forward(...view, at(x, n), at(centre, n), at(variance), ...affine, at(rstd), at(y, n));
  }
  return y;
}

function backward(
  x: Tensor,
  [samples, ...view]: SampleView,
  { centre, scale }: Centred,
  dy: Tensor,
  gradients: readonly (Tensor | undefined)[],
): void {
  const rstd = fill([view[1]], 1);
  for (let n = 0; n < samples; n++) {
    const [dx, around, sum] = [0, 1, 2].map((i) => (gradients[i] === undefined ? 0 : at(gradients[i], n)));
    const inputs = [at(x, n), at(centre, n), at(rstd), at(scale, n), at(dy, n)] as const;
    kernels.norm_given_backward(...view, ...inputs, dx!, around!, sum!);
  }
}

/** The address of the tensor, or of sample n. */
function at(tensor: Tensor, n = 0): number {
  return addressOf("sampleNorm", tensor) + (n === 0 ? 0 : (n * tensor.size * 4) / tensor.shape[0]!);
}
