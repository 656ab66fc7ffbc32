// The set-up, step by step. A step is skipped when nothing it depends on has changed: then no other program is started.
// `node scripts/setup.mjs STEP` goes up to and including STEP; without it, all of them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildPackage, dist, entries, loaded } from "./lib/bundle.mjs";
import { pack, tarball } from "./lib/pack.mjs";
import { Failure, main, root, run } from "./lib/run.mjs";
import { cargoEnv, installTarget, rustInputs, toolsFolder } from "./lib/rust.mjs";
import { hashOf, readStamp, writeStamp } from "./lib/stamps.mjs";
import { buildWasm, generated, outputs as modules } from "./lib/wasm.mjs";

const workspace = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const manifests = readdirSync(join(root, "packages")).map((name) => `packages/${name}/package.json`);
const pnpm = "pnpm@12.21.0";
const wasmBindgen = "0.2.130";
const wasmPack = "0.15.1";

/**
 * @type {{ name: string, about: string, slow?: boolean, inputs: () => string, outputs: string[], make: () =>
 * Promise<unknown> }[]}
 */
const steps = [
  {
    name: "packages",
    about: "npm packages",
    inputs: () => hashOf(["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests]),
    outputs: [join(root, "node_modules", ".bin", "tsc"), join(root, "node_modules", "node", "bin", "node")],
    make: () =>
      run(["npm", "exec", "--yes", pnpm, "--", "install", "--frozen-lockfile"], {
        env: { ...process.env, CI: "true" },
      }),
  },
  {
    name: "rust",
    about: "Rust's WASM target",
    inputs: () => hashOf(["Cargo.toml", "scripts/debian-wasm-target.sh", "scripts/lib/rust.mjs"], rustInputs()),
    outputs: [],
    make: installTarget,
  },
  {
    name: "wasm-bindgen",
    about: `wasm-bindgen ${wasmBindgen}`,
    slow: true,
    inputs: () => wasmBindgen,
    outputs: ["wasm-bindgen", "wasm-bindgen-test-runner"].map((name) => join(toolsFolder, "bin", name)),
    make: () => cargoInstall("wasm-bindgen-cli", "--version", wasmBindgen, "--no-default-features"),
  },
  {
    name: "wasm-pack",
    about: `wasm-pack ${wasmPack}`,
    slow: true,
    inputs: () => wasmPack,
    outputs: [join(toolsFolder, "bin", "wasm-pack")],
    make: () => cargoInstall("wasm-pack", "--version", wasmPack, "--locked"),
  },
  {
    name: "wasm",
    about: "kernels, Rust to WASM",
    inputs: () =>
      hashOf(
        ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "crates"].concat(
          ["wasm.mjs", "modules.mjs", "optimize.mjs", "sections.mjs"].map((name) => `scripts/lib/${name}`),
        ),
        [wasmBindgen, wasmPack, ...["binaryen", "node"].map((name) => workspace.devDependencies[name])].concat(
          rustInputs(),
        ),
      ),
    outputs: modules.map((name) => join(generated, name)),
    make: buildWasm,
  },
  {
    name: "build",
    about: "package evenkeel",
    inputs: () =>
      hashOf(
        ["packages/evenkeel/src", "packages/evenkeel/package.json", "tsconfig.base.json", "tsconfig.build.json"].concat(
          ["README.md", "LICENSE", "scripts/lib/bundle.mjs"],
        ),
        [readStamp("wasm") ?? "", readStamp("packages") ?? ""],
      ),
    outputs: [...entries.concat(Object.keys(loaded)).map((name) => `${name}.js`), "index.d.ts", "evenkeel.wasm"].map(
      (name) => join(dist, name),
    ),
    make: buildPackage,
  },
  {
    name: "pack",
    about: "tarball of evenkeel",
    inputs: () => hashOf(["packages/evenkeel/package.json", "scripts/lib/pack.mjs"], [readStamp("build") ?? ""]),
    outputs: [tarball],
    make: pack,
  },
];

/** Makes all that is missing or out of date, up to the step named. @param {string} [last] */
export async function setUp(last = steps.at(-1)?.name) {
  const end = steps.findIndex((step) => step.name === last);
  if (end < 0) throw new Failure(`setup: no step ${last}; there are ${steps.map((step) => step.name).join(", ")}`);
  for (const { name, about, slow, inputs, outputs, make } of steps.slice(0, end + 1)) {
    if (outputs.every((file) => existsSync(file)) && readStamp(name) === inputs()) continue;
    const start = performance.now();
    console.log(`set-up: ${about}${slow ? " (some minutes the first time)" : ""} ...`);
    await make();
    // Hashed afterwards: a step may settle what it depends on, such as the toolchain.
    writeStamp(name, inputs());
    console.log(`set-up: ${about}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
}

/** Little optimization: the tools work on one small module, and build in less time. @param {string[]} args */
const cargoInstall = (...args) =>
  run(["cargo", "install", ...args, "--root", toolsFolder], {
    env: { ...cargoEnv(), CARGO_PROFILE_RELEASE_OPT_LEVEL: "1", CARGO_PROFILE_RELEASE_LTO: "off" },
  });

if (process.argv[1] === import.meta.filename) await main(() => setUp(process.argv[2]));
