import { ShapeError, shapeText } from "../errors.ts";
import { broadcastShapes, broadcastStrides, type Shape, sizeOf } from "../tensor/shape.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { checkScratch } from "../wasm/heap.ts";
import { kernels } from "../wasm/kernels.ts";
import { activationCode, type FusedActivation } from "./activation.ts";
import { sumTo } from "./fold.ts";
import { withFloats } from "./inputs.ts";
import { placeOf, type Product, recordProduct } from "./product.ts";

export interface FusedMatMulOptions {
  a: TensorLike;
  b: TensorLike;
  transposeA?: boolean;
  transposeB?: boolean;
  /** One value for each column of the product. */
  bias?: TensorLike;
  activation?: FusedActivation;
}

/**
 * C = A·B over the last two axes, [..., m, k]·[..., k, n] = [..., m, n]; the axes before broadcast. `transposeA` and
 * `transposeB` read [k, m] and [n, k]. Errors: ShapeError for ranks below 2 or inner sizes that differ.
 */
export function matMul(a: TensorLike, b: TensorLike, transposeA = false, transposeB = false): Tensor {
  return fusedMatMul({ a, b, transposeA, transposeB });
}

/** C = activation(A·B + bias), in one pass over C. */
export function fusedMatMul(options: FusedMatMulOptions): Tensor {
  const { a, b, bias } = options;
  return withFloats("matMul", bias === undefined ? [a, b] : [a, b, bias], (x, y, z) =>
    recordProduct(multiply(x, y, z, options)),
  );
}

export type MultiplyOptions = Pick<FusedMatMulOptions, "transposeA" | "transposeB" | "activation">;

interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** The axes before the last two, broadcast. */
  readonly batch: Shape;
}

/**
 * The product of A and B. `constants` [3, columns], of `normalizationConstants`: the result is normalized by them on
 * its way to memory, and has no gradient.
 */
export function multiply(
  a: Tensor,
  b: Tensor,
  bias: Tensor | undefined,
  { transposeA = false, transposeB = false, activation = "linear" }: MultiplyOptions,
  constants?: Tensor,
): Product {
  const sizes = checkSizes(a, b, bias, transposeA, transposeB);
  const { m, n, k, batch } = sizes;
  const c = allocateTensor([...batch, m, n]);
  const [first, second, result] = [a, b, c].map((x) => addressOf("matMul", x)) as [number, number, number];
  const epilogue = [
    placeOf("matMul", bias),
    activationCode("matMul", activation),
    placeOf("matMul", constants),
  ] as const;
  batchOffsets(batch, a.shape.slice(0, -2), b.shape.slice(0, -2)).forEach(([i, j], at) => {
    const places = [first + i * m * k * 4, second + j * k * n * 4, ...epilogue, result + at * m * n * 4] as const;
    checkScratch("matMul", kernels.matmul(Number(transposeA), Number(transposeB), m, n, k, ...places));
  });
  return {
    op: "matMul",
    x: a,
    weights: b,
    bias,
    activation,
    y: c,
    // One matrix that served a whole batch receives the sum of the batch's gradients.
    gradients: (dz, needs) => [
      needs[0] ? sumTo(a.shape, gradientOfA(dz, b, transposeA, transposeB)) : undefined,
      needs[1] ? sumTo(b.shape, gradientOfB(dz, a, transposeA, transposeB)) : undefined,
    ],
  };
}

/** C = AB: dA = dC·Bᵀ, and its transposes. */
function gradientOfA(dc: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return transposeA ? matMul(b, dc, transposeB, true) : matMul(dc, b, false, !transposeB);
}

/** C = AB: dB = Aᵀ·dC, and its transposes. */
function gradientOfB(dc: Tensor, a: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return transposeB ? matMul(dc, a, true, transposeA) : matMul(a, dc, !transposeA, false);
}

/** For each matrix of the result, which matrix of a and of b it comes from. */
function batchOffsets(batch: Shape, a: Shape, b: Shape): [number, number][] {
  if (batch.length === 0) return [[0, 0]];
  const strides = [broadcastStrides(a, batch), broadcastStrides(b, batch)];
  return Array.from({ length: sizeOf(batch) }, (_, at) => {
    const offset: [number, number] = [0, 0];
    let rest = at;
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const index = rest % batch[axis]!;
      rest = (rest - index) / batch[axis]!;
      offset[0] += index * strides[0]![axis]!;
      offset[1] += index * strides[1]![axis]!;
    }
    return offset;
  });
}

function checkSizes(a: Tensor, b: Tensor, bias: Tensor | undefined, transposeA: boolean, transposeB: boolean): Sizes {
  const came = `${shapeText(a.shape)}${transposeA ? "ᵀ" : ""} · ${shapeText(b.shape)}${transposeB ? "ᵀ" : ""}`;
  if (a.rank < 2 || b.rank < 2) throw new ShapeError(`matMul: ${came}; use tensors of rank 2 or more`);
  const [m, k] = lastTwo(a, transposeA);
  const [inner, n] = lastTwo(b, transposeB);
  if (k !== inner) throw new ShapeError(`matMul: ${came}; the inner sizes ${k} and ${inner} must be equal`);
  if (bias !== undefined && (bias.rank !== 1 || bias.size !== n)) {
    throw new ShapeError(`matMul: bias ${shapeText(bias.shape)} for ${n} columns; use [${n}]`);
  }
  return { m, n, k, batch: broadcastShapes("matMul", a.shape.slice(0, -2), b.shape.slice(0, -2)) };
}

function lastTwo({ shape }: Tensor, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}
