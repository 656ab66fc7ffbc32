import * as ek from "evenkeel";
import { smoke } from "../smoke.js";

// `workerd test` calls this.
export default {
  async test() {
    console.log(JSON.stringify(await smoke(ek)));
  },
};
