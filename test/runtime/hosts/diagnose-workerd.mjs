import * as ek from "evenkeel";
import { findings } from "../diagnose.js";

// `workerd test` calls this.
export default {
  async test() {
    console.log(JSON.stringify(await findings(ek)));
  },
};
