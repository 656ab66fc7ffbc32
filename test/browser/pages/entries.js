import { smoke } from "../../runtime/smoke.js";
import { threads } from "../../runtime/threads.js";
import { train } from "../../runtime/train.js";
import { report } from "./report.js";

/** @type {string[]} */
const warnings = [];
console.warn = (...words) => void warnings.push(words.join(" "));

const visits = {
  threads: async () => ({ ...(await threads(await import("evenkeel/threads"))), warnings }),
  fast: async () => train(await import("evenkeel/fast")),
  slim: async () => {
    const ek = await import("evenkeel/slim");
    const early = await Promise.resolve()
      .then(() => ek.scalar(1))
      .catch(String);
    await ek.init(fetch("/node_modules/evenkeel/dist/evenkeel.wasm"));
    return { ...(await smoke(ek)), early };
  },
};

void report(visits[/** @type {keyof typeof visits} */ (location.hash.slice(1))]);
