import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ek from "evenkeel/slim";
import { smoke } from "../smoke.js";

const file = fileURLToPath(import.meta.resolve("evenkeel/evenkeel.wasm"));
await ek.init(readFileSync(file));
console.log(JSON.stringify(await smoke(ek)));
