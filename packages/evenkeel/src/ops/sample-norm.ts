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
  const moments = momentsOf(x, view);
  const { shift, mean, variance } = moments;
  record({
    name: op,
    inputs: [x],
    outputs: [mean, variance],
    // dx = dmean/m + dvariance·2(x − mean)/m.
    adjoint: ([dmean = fill(shift.shape, 0), dvariance = fill(shift.shape, 0)]) => {
      const factor = 1 / (view[1] * view[3]);
      return [normalize(x, view, { shift, mean, scale: mul(dvariance, 2 * factor), offset: mul(dmean, factor) }).y];
    },
  });
  return moments;
}

/** The same, not recorded. */
export function momentsOf(x: Tensor, [samples, ...view]: SampleView): SampleMoments {
  const channels = view[1];
  // For each sample the means of its channels, then their variances: in float64, 4 floats a channel.
  const moments = fill([samples, 4, channels], 0);
  if (x.size > 0) for (let n = 0; n < samples; n++) kernels.norm_channels_moments(...view, at(x, n), at(moments, n));
  const results = [0, 1, 2].map(() => allocateTensor([samples, channels])) as [Tensor, Tensor, Tensor];
  const values = float64View(at(moments), moments.size / 2);
  const [shift, mean, variance] = results.map((each) => each.view(op));
  for (let i = 0; i < samples * channels; i++) {
    const place = i + (i - (i % channels));
    shift![i] = values[place]!;
    mean![i] = values[place]! - shift![i]!;
    variance![i] = values[place + channels]!;
  }
  moments.dispose();
  return { shift: results[0], mean: results[1], variance: results[2] };
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
  return scoped(() => {
    const whole = wholeOf(given, view);
    const { mean, scale, offset } = whole;
    const { y, centre, lost } = withoutRecording(() => normalize(x, view, whole));
    record({
      name: op,
      inputs: [x, mean, scale, offset],
      outputs: [y],
      adjoint: ([dy], needs) => {
        const dx = needs[0] ? allocateTensor(x.shape) : undefined;
        return [dx, ...affineGradients(x, view, { centre, lost, scale }, dy!, dx)];
      },
    });
    return y;
  });
}

type Whole = Required<{ [Key in keyof SampleAffine]: Tensor }>;

/** All of them [samples, channels]. */
export function wholeOf({ shift, mean, scale, offset }: SampleAffine, [samples, , channels]: SampleView): Whole {
  const whole = (tensor = fill([1], 0)): Tensor => broadcastTo(tensor, [samples, channels]);
  return { shift: whole(shift), mean: whole(mean), scale: whole(scale), offset: whole(offset) };
}

/** Not recorded: y = (x − centre)·scale + offset, and what rounding took from the centre, taken from the offset. */
export function normalize(
  x: Tensor,
  [samples, ...view]: SampleView,
  { shift, mean, scale, offset }: Whole,
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

/** The gradients of mean, scale and offset, [samples, channels]; writes scale·g to dx where there is one. */
export function affineGradients(
  x: Tensor,
  [samples, ...view]: SampleView,
  { centre, lost, scale }: Record<"centre" | "lost" | "scale", Tensor>,
  dy: Tensor,
  dx?: Tensor,
): [dmean: Tensor, dscale: Tensor, doffset: Tensor] {
  const [around, doffset, rstd] = [allocateTensor(scale.shape), allocateTensor(scale.shape), fill([view[1]], 1)];
  for (let n = 0; n < samples; n++) {
    const inputs = [at(x, n), at(centre, n), at(rstd), at(scale, n), at(dy, n)] as const;
    kernels.norm_given_backward(...view, ...inputs, dx ? at(dx, n) : 0, at(around, n), at(doffset, n));
  }
  return [neg(mul(scale, doffset)), sub(around, mul(lost, doffset)), doffset];
}

/** The address of the tensor, or of sample n. */
export function at(tensor: Tensor, n = 0): number {
  return addressOf(op, tensor) + (n && (n * tensor.size * 4) / tensor.shape[0]!);
}
