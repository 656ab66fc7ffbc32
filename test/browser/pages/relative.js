// @ts-expect-error: the path in the folder that has installed the package
import * as ek from "../../node_modules/evenkeel/dist/index.js";
import { smoke } from "../../runtime/smoke.js";
import { report } from "./report.js";

void report(() => smoke(ek));
