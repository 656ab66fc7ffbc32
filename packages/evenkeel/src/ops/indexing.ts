import { record } from "../autograd/tape.ts";
import { checkInteger, DataError, shapeText } from "../errors.ts";
import { normalizeAxis, sizeOf } from "../tensor/shape.ts";
import { scoped } from "../tensor/scope.ts";
import { toTensor } from "../tensor/create.ts";
import { addressOf, allocateTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { kernels } from "../wasm/kernels.ts";
import { integerTensor } from "./inputs.ts";
import { transpose } from "./shaping.ts";

/** y[i] = x[indices[i]] along `axis`. `indices`: int32 of any shape, which takes the place of the axis. */
export function gather(value: TensorLike, indices: TensorLike, axis = 0): Tensor {
  return scoped(() => {
    const x = toTensor("gather", value);
    const at = normalizeAxis("gather", axis, x.rank);
    const places = integerTensor("gather", indices);
    checkRange("gather", places, x.shape[at]!, `axis ${at} of ${shapeText(x.shape)}`);
    if (at === 0) return gatherRows(x, places);
    const order = [at, ...x.shape.map((_, i) => i).filter((i) => i !== at)];
    const rows = gatherRows(transpose(x, order), places);
    const before = Array.from({ length: at }, (_, i) => places.rank + i);
    const middle = Array.from(places.shape, (_, i) => i);
    const after = Array.from({ length: x.rank - at - 1 }, (_, i) => places.rank + at + i);
    return transpose(rows, [...before, ...middle, ...after]);
  });
}

function gatherRows(x: Tensor, indices: Tensor): Tensor {
  const rest = x.shape.slice(1);
  const columns = sizeOf(rest);
  const y = allocateTensor([...indices.shape, ...rest], x.dtype);
  const at = (tensor: Tensor): number => addressOf("gather", tensor);
  kernels.gather_rows(indices.size, columns, at(indices), at(x), at(y));
  record({
    name: "gather",
    inputs: [x],
    outputs: [y],
    adjoint: ([dy]) => {
      const dx = allocateTensor(x.shape);
      kernels.fill(dx.size, 0, at(dx));
      kernels.scatter_add_rows(indices.size, columns, at(indices), at(dy!), at(dx));
      return [dx];
    },
  });
  return y;
}

/** 1 where the last axis equals the index, else 0: [...] ↦ [..., depth], float32. No gradient flows. */
export function oneHot(indices: TensorLike, depth: number): Tensor {
  checkInteger("oneHot", "depth", depth, 1);
  return scoped(() => {
    const labels = integerTensor("oneHot", indices);
    checkRange("oneHot", labels, depth, `${depth} classes`);
    const y = allocateTensor([...labels.shape, depth]);
    kernels.one_hot(labels.size, depth, addressOf("oneHot", labels), addressOf("oneHot", y));
    return y;
  });
}

function checkRange(op: string, indices: Tensor, end: number, what: string): void {
  const values = indices.view(op);
  for (let i = 0; i < values.length; i++) {
    if (values[i]! >= 0 && values[i]! < end) continue;
    throw new DataError(`${op}: index ${values[i]} at place ${i} for ${what}; use 0 to ${end - 1}`);
  }
}
