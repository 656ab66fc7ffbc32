import * as ek from "evenkeel";
import { findings } from "../../runtime/diagnose.js";
import { report } from "./report.js";

void report(() => findings(ek));
