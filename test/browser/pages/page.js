import * as ek from "evenkeel";
import { smoke } from "../../runtime/smoke.js";
import { report } from "./report.js";

void report(() => smoke(ek));
