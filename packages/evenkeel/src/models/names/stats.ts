/** What `ek.stats` is. */
export { recalibrate } from "../stats.ts";
