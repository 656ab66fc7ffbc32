import * as ek from "evenkeel/threads";
import { threads } from "../threads.js";

console.log(JSON.stringify(await threads(ek)));
