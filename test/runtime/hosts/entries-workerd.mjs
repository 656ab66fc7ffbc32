import wasm from "evenkeel/evenkeel.wasm";
import * as fast from "evenkeel/fast";
import * as slim from "evenkeel/slim";
import * as threads from "evenkeel/threads";
import { smoke } from "../smoke.js";

// `workerd test` calls this.
export default {
  async test() {
    const warnings = [];
    console.warn = (...words) => void warnings.push(words.join(" "));
    const counts = [await threads.setThreads(2), await threads.setThreads(1), await threads.setThreads()];
    await slim.init(wasm);
    const results = [];
    for (const ek of [threads, fast, slim]) results.push(await smoke(ek));
    console.log(JSON.stringify({ results, counts, warnings }));
  },
};
