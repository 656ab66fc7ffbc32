import { ArgumentError, ShapeError, shapeText } from "../errors.ts";
import { kernels } from "../wasm/kernels.ts";
import { toTensor } from "../tensor/create.ts";
import { scoped } from "../tensor/scope.ts";
import { addressOf, allocateTensor, Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";

/**
 * Calls `f` with the inputs of an op as live float32 tensors. Arrays and numbers become tensors, int32 tensors are read
 * as float32; what is made for that is freed with the scope, or at once where there is none.
 */
export function withFloats<T>(op: string, values: readonly TensorLike[], f: (...tensors: Tensor[]) => T): T {
  if (values.every((value) => value instanceof Tensor && value.dtype === "float32")) {
    for (const value of values) (value as Tensor).storage(op);
    return f(...(values as Tensor[]));
  }
  return scoped(() => f(...values.map((value) => floatTensor(op, value))));
}

/** One input as a live float32 tensor; call it inside a scope. */
export function floatTensor(op: string, value: TensorLike): Tensor {
  const input = toTensor(op, value);
  return input.dtype === "float32" ? input : castToFloat(op, input);
}

/** One input as a live int32 tensor, its values checked; call it inside a scope. */
export function integerTensor(op: string, value: TensorLike): Tensor {
  const input = value instanceof Tensor ? toTensor(op, value) : toTensor(op, value, "int32");
  if (input.dtype === "int32") return input;
  throw new ArgumentError(`${op}: the indices are float32; make them int32, e.g. by cast(x, "int32")`);
}

export function castToFloat(op: string, x: Tensor): Tensor {
  const y = allocateTensor(x.shape, "float32");
  kernels.cast_i32_to_f32(x.size, addressOf(op, x), addressOf(op, y));
  return y;
}

export function checkRank(op: string, name: string, x: Tensor, rank: number, layout: string): void {
  if (x.rank === rank) return;
  throw new ShapeError(`${op}: ${name} is ${shapeText(x.shape)}; use rank ${rank}: ${layout}`);
}
