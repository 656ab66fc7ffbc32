import { backward, isRecording, record, recording, withoutRecording } from "../autograd/tape.ts";
import { fill } from "../tensor/create.ts";
import { scoped } from "../tensor/scope.ts";
import { allocateTensor, type Tensor } from "../tensor/tensor.ts";
import { kernels } from "../wasm/kernels.ts";
import { add, mul } from "./binary.ts";
import {
  affineGradients,
  at,
  momentsOf,
  normalize,
  type SampleAffine,
  type SampleMoments,
  wholeOf,
} from "./sample-norm.ts";
import { type SampleView, sampleView } from "./sample-view.ts";
import { concat, reshape } from "./shaping.ts";

/**
 * y = (x − shift − mean)·scale + offset for each channel of each sample, with what `mix` makes of their moments: those
 * of the batch, the layer, or whatever lies between. Differentiable in x and in `parameters`: all that `mix` reads
 * beside the moments and that may want a gradient.
 *
 * The same as sampleMoments, `mix` and normalizeSamples, but to the tape it is one op, whose backward pass writes dx
 * once: two passes over x forward, two backward.
 */
export function normalizeMixed(
  x: Tensor,
  axis: number,
  parameters: readonly Tensor[],
  mix: (moments: SampleMoments) => SampleAffine,
): Tensor {
  const op = "mixedNorm";
  const view = sampleView(op, x, axis);
  return scoped(() => {
    const moments = momentsOf(x, view);
    const mixed = (): { whole: ReturnType<typeof wholeOf>; affine: Tensor } => {
      const whole = wholeOf(mix(moments), view);
      return { whole, affine: concat([whole.mean, whole.scale, whole.offset]) };
    };
    const sources = [moments.mean, moments.variance, ...parameters];
    const inner = isRecording() ? withoutRecording(() => recording(sources, mixed)) : undefined;
    const { whole, affine } = inner?.value ?? mixed();
    const { y, centre, lost } = withoutRecording(() => normalize(x, view, whole));
    const scale = withoutRecording(() => mul(whole.scale, 1));
    record({
      name: op,
      inputs: [x, ...parameters],
      outputs: [y],
      adjoint: ([dy], needs) => {
        const gradients = concat(affineGradients(x, view, { centre, lost, scale }, dy!));
        // Inside a recording nothing of the inner tape is freed, which another tape around this op may walk again.
        const { value } = recording([], () => backward(inner!.tape, affine, gradients, sources));
        const [dmean, dvariance, ...others] = value;
        return [needs[0] ? inputGradient(x, view, dy!, moments, scale, dmean, dvariance) : undefined, ...others];
      },
    });
    return y;
  });
}

/** dx = scale·g + dmean/m + dvariance·2(x − mean)/m. */
function inputGradient(
  x: Tensor,
  [samples, ...view]: SampleView,
  dy: Tensor,
  { shift, mean }: SampleMoments,
  scale: Tensor,
  dmean = fill(shift.shape, 0),
  dvariance = fill(shift.shape, 0),
): Tensor {
  const factor = -1 / (view[0] * view[2]);
  const slope = mul(dvariance, 2 * factor);
  const constant = add(mul(dmean, factor), mul(slope, mul(mean, -1)));
  const each = [shift, scale, constant, slope].map((one) => reshape(one, [samples, 1, view[1]]));
  const constants = concat(each, 1);
  const dx = allocateTensor(x.shape);
  for (let n = 0; n < samples; n++) {
    kernels.norm_channels_gradient(...view, at(x, n), at(dy, n), at(constants, n), at(dx, n));
  }
  return dx;
}
