/** `ek.losses`. */
export * from "../losses.ts";
export { deserializeLoss as deserialize } from "../identifiers.ts";
