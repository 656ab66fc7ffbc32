import { record, withoutRecording } from "../autograd/tape.ts";
import { fill } from "../tensor/create.ts";
import { scoped } from "../tensor/scope.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { float64View } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { add, mul, sub } from "./binary.ts";
import { type SampleView, sampleView } from "./sample-view.ts";
import { broadcastTo } from "./shaping.ts";
import { neg } from "./unary.ts";

const op = "sampleNorm";

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
  const view = sampleView(op, x, axis);
  const [samples, outer, channels, inner] = view;
  const shape = [samples, channels];
  const [shift, mean, variance] = [allocateTensor(shape), allocateTensor(shape), allocateTensor(shape)];
  writeMoments(x, view, [shift, mean, variance]);
  record({
    name: op,
    inputs: [x],
    outputs: [mean, variance],
    // dx = dmean/m + dvariance·2(x − mean)/m.
    adjoint: ([dmean = fill(shape, 0), dvariance = fill(shape, 0)]) => {
      const factor = 1 / (outer * inner);
      return [forward(x, view, shift, mean, mul(dvariance, 2 * factor), mul(dmean, factor)).y];
    },
  });
  return { shift, mean, variance };
}

function writeMoments(x: Tensor, [samples, ...view]: SampleView, results: readonly Tensor[]): void {
  const channels = view[1];
  // For each sample the means of its channels, then their variances: in float64, 4 floats a channel.
  const moments = fill([samples, 4, channels], 0);
  if (x.size > 0) for (let n = 0; n < samples; n++) kernels.norm_channels_moments(...view, at(x, n), at(moments, n));
  const values = float64View(at(moments), moments.size / 2);
  const [shift, mean, variance] = results.map((each) => each.view(op));
  for (let i = 0; i < samples * channels; i++) {
    const place = i + (i - (i % channels));
    shift![i] = values[place]!;
    mean![i] = values[place]! - shift![i]!;
    variance![i] = values[place + channels]!;
  }
  moments.dispose();
}

/** Of each channel of each sample: [samples, channels], or what broadcasts to that. */
export interface SampleAffine {
  /** A constant part of the mean. Default: 0. */
  shift?: Tensor | undefined;
  mean: Tensor;
  scale: Tensor;
  /** Default: 0. */
  offset?: Tensor | undefined;
}

/**
 * y = (x − shift − mean)·scale + offset for each channel of each sample. Differentiable in all but the shift:
 * dx = scale·g, doffset = Σg, dscale = Σg·(x − shift − mean), dmean = −scale·Σg.
 */
export function normalizeSamples(x: Tensor, axis: number, given: SampleAffine): Tensor {
  const view = sampleView(op, x, axis);
  const [samples, ...rest] = view;
  return scoped(() => {
    const whole = (tensor = fill([1], 0)): Tensor => broadcastTo(tensor, [samples, rest[1]]);
    const [mean, scale, offset] = [whole(given.mean), whole(given.scale), whole(given.offset)];
    const { y, centre, lost } = withoutRecording(() => forward(x, view, whole(given.shift), mean, scale, offset));
    record({
      name: op,
      inputs: [x, mean, scale, offset],
      outputs: [y],
      adjoint: ([dy], needs) => {
        const dx = needs[0] ? allocateTensor(x.shape) : undefined;
        const [around, doffset, rstd] = [allocateTensor(mean.shape), allocateTensor(mean.shape), fill([rest[1]], 1)];
        for (let n = 0; n < samples; n++) {
          const inputs = [at(x, n), at(centre, n), at(rstd), at(scale, n), at(dy!, n)] as const;
          kernels.norm_given_backward(...rest, ...inputs, dx ? at(dx, n) : 0, at(around, n), at(doffset, n));
        }
        return [dx, neg(mul(scale, doffset)), sub(around, mul(lost, doffset)), doffset];
      },
    });
    return y;
  });
}

/** y = (x − centre)·scale + offset, and what rounding took from the centre, which is taken from the offset. */
function forward(
  x: Tensor,
  [samples, ...view]: SampleView,
  shift: Tensor,
  mean: Tensor,
  scale: Tensor,
  offset: Tensor,
): Record<"y" | "centre" | "lost", Tensor> {
  const centre = add(shift, mean);
  const lost = sub(mean, sub(centre, shift));
  const beta = sub(offset, mul(lost, scale));
  const y = allocateTensor(x.shape);
  // The kernel computes rstd = 1/√(variance + ε): 1/√(0 + 1).
  const [variance, rstd] = [fill([view[1]], 0), allocateTensor([view[1]])];
  for (let n = 0; n < samples; n++) {
    const affine = [at(scale, n), at(beta, n), 1] as const;
    kernels.norm_given_forward(...view, at(x, n), at(centre, n), at(variance), ...affine, at(rstd), at(y, n));
  }
  return { y, centre, lost };
}

/** The address of the tensor, or of sample n. */
function at(tensor: Tensor, n = 0): number {
  return addressOf(op, tensor) + (n && (n * tensor.size * 4) / tensor.shape[0]!);
}
