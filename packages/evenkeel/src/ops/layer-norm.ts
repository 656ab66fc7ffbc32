import { ArgumentError, checkNumber, ShapeError, shapeText } from "../errors.ts";
import { fill } from "../tensor/create.ts";
import { scoped } from "../tensor/scope.ts";
import { normalizeAxes, sameShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { checkScratch } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { withAxesLast } from "./axes-last.ts";
import { maximum, mul } from "./binary.ts";
import { withFloats } from "./inputs.ts";
import { recordNorm } from "./norm-record.ts";
import { placeOf } from "./product.ts";
import { sum } from "./reduce.ts";
import { rsqrt, square } from "./unary.ts";

export interface RmsNormOptions {
  /** Factors, with the sizes of the axes as shape. Default: 1. */
  gamma?: TensorLike | undefined;
  /** The axes whose elements share one mean: one or several. Default: -1. */
  axis?: number | readonly number[];
  /** Default: 1e-6. */
  epsilon?: number;
}

export interface LayerNormOptions extends RmsNormOptions {
  /** What is added, with the shape of gamma. Default: 0. */
  beta?: TensorLike | undefined;
  /** Default: 1e-3. */
  epsilon?: number;
}

/**
 * y = γ·(x − mean)/√(variance + ε) + β, mean and biased variance taken over `axis` of each sample (Ba, Kiros and Hinton
 * 2016). x: any shape; γ, β: the sizes of the axes, ascending. Differentiable in x, γ and β. As Keras's and PyTorch's
 * layer_norm; PyTorch's ε is 1e-5. Errors: ShapeError for γ or β of another shape.
 */
export function layerNorm(x: TensorLike, options: LayerNormOptions = {}): Tensor {
  return normalizeRows("layerNorm", x, { epsilon: 1e-3, ...options }, true);
}

/**
 * y = γ·x/√(mean x² + ε), the mean taken over `axis` of each sample: no centring and no β (Zhang and Sennrich 2019).
 * As Keras's rms_normalization. Errors: ShapeError for a γ of another shape.
 */
export function rmsNorm(x: TensorLike, options: RmsNormOptions = {}): Tensor {
  return normalizeRows("rmsNorm", x, { epsilon: 1e-6, ...options }, false);
}

/**
 * y = x/max(√Σx², 1e-12), the sum taken over `axes` of each sample: RMS normalization with γ = 1/√n and ε = 1e-24/n,
 * but where a row is about as short as 1e-12.
 */
export function unitNorm(x: Tensor, axes: readonly number[]): Tensor {
  const op = "unitNorm";
  const cols = sizeOf(axes.map((axis) => x.shape[axis]!));
  return scoped(() =>
    withAxesLast(x, axes, (rows) => {
      const gamma = fill([cols], 1 / Math.sqrt(cols));
      const { y, statistics } = run(op, rows, cols, { gamma, beta: undefined }, 1e-24 / cols, false);
      if (!someShort(statistics.view(op), Math.sqrt(cols))) return y;
      const last = rows.shape.length - axes.length;
      const squares = sum(square(rows), rows.shape.map((_, axis) => axis).slice(last), true);
      return mul(rows, rsqrt(maximum(squares, 1e-24)));
    }),
  );
}

/** Whether ε shows in float32 in the length root·(1/rstd) of a row, which is not all of ε. */
function someShort(statistics: ArrayLike<number>, root: number): boolean {
  for (let i = 1; i < statistics.length; i += 3) {
    const length = root / statistics[i]!;
    if (length <= 4e-9 && length >= 1e-12 * (1 + 6e-8)) return true;
  }
  return false;
}

function normalizeRows(op: string, value: TensorLike, options: LayerNormOptions, centred: boolean): Tensor {
  const epsilon = checkNumber(op, "epsilon", options.epsilon, 0);
  const { gamma, beta } = options;
  return withFloats(op, [value, gamma ?? 1, beta ?? 0], (x, givenGamma, givenBeta) => {
    const axes = normalizeAxes(op, options.axis ?? -1, x.rank);
    if (axes.length === 0) throw new ArgumentError(`${op}: axis is []; name one or more`);
    const shape = axes.map((axis) => x.shape[axis]!);
    const affine = {
      gamma: gamma === undefined ? undefined : checkParameter(op, "gamma", givenGamma, shape),
      beta: beta === undefined ? undefined : checkParameter(op, "beta", givenBeta, shape),
    };
    return withAxesLast(x, axes, (rows) => run(op, rows, sizeOf(shape), affine, epsilon, centred).y);
  });
}

/** γ or β, whose shape must be that of the axes it belongs to. */
export function checkParameter(op: string, name: string, given: Tensor, shape: Shape): Tensor {
  if (sameShape(given.shape, shape)) return given;
  throw new ShapeError(`${op}: ${name} is ${shapeText(given.shape)}; use ${shapeText(shape)}, the sizes of the axes`);
}

type Parameters = { readonly gamma: Tensor | undefined; readonly beta: Tensor | undefined };

/** Of each row, [rows, 3], the second number is 1/√(variance + ε), or of mean x². */
function run(
  op: string,
  x: Tensor,
  cols: number,
  affine: Parameters,
  epsilon: number,
  centred: boolean,
): { y: Tensor; statistics: Tensor } {
  const rows = cols === 0 ? 0 : x.size / cols;
  const y = allocateTensor(x.shape);
  const statistics = allocateTensor([rows, 3]);
  const at = (tensor: Tensor | undefined): number => placeOf(op, tensor);
  const shape = [rows, cols, Number(centred)] as const;
  kernels.norm_rows_forward(...shape, at(x), at(affine.gamma), at(affine.beta), epsilon, at(statistics), at(y));
  recordNorm(op, affine, x, y, (dy, [dx, dgamma, dbeta]) => {
    // The kernel makes it anyway.
    const gradient = dx ?? allocateTensor(x.shape);
    const inputs = [at(x), at(statistics), at(affine.gamma), at(dy)] as const;
    checkScratch(op, kernels.norm_rows_backward(...shape, ...inputs, at(gradient), at(dgamma), at(dbeta)));
  });
  return { y, statistics };
}
