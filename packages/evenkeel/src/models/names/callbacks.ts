/** `ek.callbacks`. */
export { earlyStopping } from "../early-stopping.ts";
