import * as ek from "evenkeel";
import { smoke } from "../smoke.js";

console.log(JSON.stringify(await smoke(ek)));
