/** `ek.metrics`: also the losses, as metrics. */
export * from "../losses.ts";
export * from "../metrics.ts";
export { deserializeMetric as deserialize } from "../identifiers.ts";
