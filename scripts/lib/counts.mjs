// How many checks of a part passed, failed and were skipped, from what its command said.
import { readFileSync } from "node:fs";

/** @typedef {{ passed: number, failed: number, skipped: string[] }} Count */

/** One check: the exit code. @param {number} code @returns {Count} */
export const byCode = (code) => ({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] });

/** Sums of the lines of `cargo test`, and of wasm-bindgen's runner. @param {number} code @param {string} output */
export function byCargo(code, output) {
  /** @type {Count} */
  const count = {
    passed: 0,
    failed: 0,
    skipped: [...output.matchAll(/^test (\S+) .*\.\.\. ignored/gm)].map((m) => `${m[1]}`),
  };
  for (const [, passed, failed] of output.matchAll(/test result: .*?(\d+) passed; (\d+) failed/g)) {
    count.passed += Number(passed);
    count.failed += Number(failed);
  }
  return withCode(code, count);
}

/** Vitest's JSON report. @param {string} file */
export const byVitest = (file) => (/** @type {number} */ code) => {
  /** @type {Count} */
  const count = { passed: 0, failed: 0, skipped: [] };
  try {
    const report = JSON.parse(readFileSync(file, "utf8"));
    count.passed = report.numPassedTests;
    count.failed = report.numFailedTests;
    const tests = report.testResults.flatMap((/** @type {any} */ suite) => suite.assertionResults);
    for (const { status, fullName } of tests) if (!["passed", "failed"].includes(status)) count.skipped.push(fullName);
  } catch {
    // no report: it did not get that far, and the exit code says so
  }
  return withCode(code, count);
};

/**
 * A command that failed, or that ran no test at all, is never counted as passed. @param {number} code @param {Count}
 * count
 */
function withCode(code, count) {
  if (count.failed === 0 && (code !== 0 || count.passed + count.skipped.length === 0)) count.failed = 1;
  return count;
}
