import * as ek from "evenkeel/fast";
import { train } from "../train.js";

console.log(JSON.stringify(train(ek)));
