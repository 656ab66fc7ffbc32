import * as ek from "evenkeel";
import { findings } from "../diagnose.js";

console.log(JSON.stringify(await findings(ek)));
