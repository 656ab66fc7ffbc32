/** `ek.models`. */
export { fromConfig } from "../from-config.ts";
