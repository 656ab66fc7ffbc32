import { addressOf, type Tensor } from "../tensor/tensor.ts";
import { kernels } from "../wasm/kernels.ts";

/** The index of the first NaN or Infinity among the values, −1 when all are finite. */
export function firstNonFinite(x: Tensor): number {
  if (x.dtype === "int32") return -1;
  const index = kernels.first_non_finite(x.size, addressOf("check", x)) >>> 0;
  return index === x.size ? -1 : index;
}
