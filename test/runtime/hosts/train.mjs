import * as ek from "evenkeel";
import { train } from "../train.js";

console.log(JSON.stringify(train(ek)));
