/** Ops that do several things in one pass over their result; named as tfjs's `fused`. */
export { fusedConv2d as conv2d, type FusedConv2dOptions } from "./conv.ts";
export { fusedMatMul as matMul, type FusedMatMulOptions } from "./matmul.ts";
