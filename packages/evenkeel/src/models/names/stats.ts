/** What `ek.stats` is. */
export { merge } from "../../layers/norm/merge.ts";
export { adaptDomain, recalibrate, useDomain } from "../stats.ts";
