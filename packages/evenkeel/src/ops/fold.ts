import { sameShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { addressOf, allocateTensor, shareTensor, type Tensor } from "../tensor/tensor.ts";
import { kernels } from "../wasm/kernels.ts";
import { transposed } from "./copy.ts";

/** The order of `Reduce` in crates/kernels/src/reduce.rs. */
const codes = { sum: 0, mean: 1, max: 2, min: 3 } as const;

export type Fold = keyof typeof codes;

/** Folds the axes of x, ascending, into y, whose other axes are those of x. */
export function fold(name: Fold, x: Tensor, axes: readonly number[], y: Tensor): void {
  const first = axes[0] ?? x.rank;
  const last = axes.at(-1) ?? x.rank - 1;
  if (last - first + 1 !== axes.length) {
    foldApart(name, x, axes, y);
    return;
  }
  const length = sizeOf(axes.map((axis) => x.shape[axis]!));
  const [outer, inner] = [sizeOf(x.shape.slice(0, first)), sizeOf(x.shape.slice(last + 1))];
  kernels.reduce(codes[name], outer, length, inner, addressOf(name, x), addressOf(name, y));
}

/** Axes with others between them are moved to the end first. */
function foldApart(name: Fold, x: Tensor, axes: readonly number[], y: Tensor): void {
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const moved = transposed(name, x, [...others, ...axes]);
  fold(
    name,
    moved,
    axes.map((_, i) => others.length + i),
    y,
  );
  moved.dispose();
}

/** A gradient added up over the axes along which its input, of `shape`, was repeated. */
export function sumTo(shape: Shape, dy: Tensor): Tensor {
  if (sameShape(shape, dy.shape)) return dy;
  const missing = dy.rank - shape.length;
  const axes = dy.shape.map((_, i) => i).filter((i) => i < missing || shape[i - missing] !== dy.shape[i]);
  if (axes.length === 0) return shareTensor("sum", dy, shape);
  const sum = allocateTensor(shape);
  fold("sum", dy, axes, sum);
  return sum;
}
