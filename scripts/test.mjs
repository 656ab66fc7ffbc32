// `npm test`: the set-up, then every part of lib/parts.mjs. `npm test -- NAME...` runs only the parts named.
import { rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findBrowsers } from "./lib/browsers.mjs";
import { byCode } from "./lib/counts.mjs";
import { parts } from "./lib/parts.mjs";
import { Failure, main, root, run } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

/** @typedef {import("./lib/counts.mjs").Count} Count */

/** @param {import("./lib/parts.mjs").Part} part @returns {Promise<Count>} */
async function runPart({ name, after, command, env, count }) {
  try {
    await setUp(after);
    const browsers = name === "runtime" ? await findBrowsers() : {};
    const settings = { ...(env?.() ?? process.env), ...browsers };
    // The versions pinned in package.json, Node's among them.
    settings.PATH = [join(root, "node_modules", ".bin"), settings.PATH].join(delimiter);
    const { code, output } = await run(command, { show: true, allowFailure: true, env: settings });
    return (count ?? byCode)(code, output);
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    return { passed: 0, failed: 1, skipped: [] };
  }
}

await main(async () => {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    throw new Failure(`no part ${unknown.join(", ")}; there are ${parts.map((part) => part.name).join(", ")}`);
  }
  const chosen = names.length > 0 ? parts.filter((part) => names.includes(part.name)) : parts;
  // An old report must not be taken for a new one.
  rmSync(join(root, ".cache", "reports"), { recursive: true, force: true });
  /** @type {string[]} */
  const table = [];
  const total = { passed: 0, failed: 0 };
  for (const [i, part] of chosen.entries()) {
    console.log(
      `\n== ${part.name} (${i + 1} of ${chosen.length}): ${part.command.join(" ").replaceAll(`${root}/`, "")}`,
    );
    const start = performance.now();
    const { passed, failed, skipped } = await runPart(part);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    total.passed += passed;
    total.failed += failed;
    const line = `${part.name.padEnd(15)} ${String(passed).padStart(6)} passed ${String(failed).padStart(4)} failed`;
    table.push(`${line} ${seconds.padStart(8)} s`, ...skipped.map((test) => `    skipped: ${test}`));
    console.log(`== ${part.name}: ${failed === 0 ? "passed" : "FAILED"} in ${seconds} s`);
  }
  console.log(`\n${table.join("\n")}\n\n${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = 1;
});
