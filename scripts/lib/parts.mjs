// What `npm test` runs: plain data. `after` names the step of the set-up that a part needs.
import { join } from "node:path";
import { byCargo, byVitest } from "./counts.mjs";
import { tarball } from "./pack.mjs";
import { root } from "./run.mjs";
import { cargoEnv, target, wasmEnv } from "./rust.mjs";

/** @typedef {{ name: string, after: string, command: string[], env?: () => NodeJS.ProcessEnv,
 *   count?: (code: number, output: string) => import("./counts.mjs").Count }} Part */

const clippy = ["--quiet", "--", "-D", "warnings"];

/** @param {string} project @param {string} after @returns {Part} */
function vitest(project, after) {
  const report = join(root, ".cache", "reports", `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  return {
    name: project,
    after,
    command: ["vitest", "run", "--project", project, ...reporters],
    count: byVitest(report),
  };
}

/** @type {Part[]} */
export const parts = [
  { name: "rust-format", after: "rust", command: ["cargo", "fmt", "--check"], env: cargoEnv },
  {
    name: "rust-lint",
    after: "rust",
    command: ["cargo", "clippy", "--workspace", "--all-targets", ...clippy],
    env: cargoEnv,
  },
  {
    name: "rust-lint-wasm",
    after: "rust",
    // By itself: the tests of the kernels bring a std along, which the bridge does without.
    command: ["cargo", "clippy", "--package", "evenkeel-wasm", "--features", "threads", "--target", target, ...clippy],
    env: wasmEnv,
  },
  {
    name: "rust-lint-tests",
    after: "rust",
    command: ["cargo", "clippy", "--package", "evenkeel-kernels", "--all-targets", "--target", target, ...clippy],
    env: wasmEnv,
  },
  { name: "rust", after: "rust", command: ["cargo", "test", "-p", "evenkeel-kernels"], env: cargoEnv, count: byCargo },
  {
    name: "rust-wasm",
    after: "wasm",
    command: ["node", join(root, "scripts", "test-wasm.mjs")],
    env: wasmEnv,
    count: byCargo,
  },
  { name: "format", after: "packages", command: ["oxfmt", "--check"] },
  { name: "types", after: "wasm", command: ["tsc", "-p", "."] },
  { name: "types-scripts", after: "packages", command: ["tsc", "-p", "scripts"] },
  { name: "lint", after: "wasm", command: ["oxlint"] },
  vitest("unit", "wasm"),
  vitest("cross", "build"),
  vitest("fast", "wasm"),
  vitest("threads-2", "wasm"),
  vitest("threads-3", "wasm"),
  { name: "publint", after: "pack", command: ["publint", "run", tarball, "--strict"] },
  {
    name: "attw",
    after: "pack",
    command: ["attw", tarball, "--profile", "esm-only", "--exclude-entrypoints", "./evenkeel.wasm"],
  },
  { name: "size", after: "build", command: ["node", join(root, "scripts", "size.mjs")] },
  vitest("runtime", "pack"),
];
