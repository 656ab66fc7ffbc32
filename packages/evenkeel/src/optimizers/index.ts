/** `ek.optimizers`. */
export { adam, type AdamOptions } from "./adam.ts";
export { deserialize, get, serialize } from "./deserialize.ts";
export { Optimizer, type OptimizerOptions, type OptimizerState } from "./optimizer.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
