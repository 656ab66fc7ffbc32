// crates/wasm -> packages/evenkeel/src/wasm/generated: each build by wasm-pack or cargo, then binaryen, then base64 and
// types (modules.mjs).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeModules } from "./modules.mjs";
import { optimize } from "./optimize.mjs";
import { Failure, root, run } from "./run.mjs";
import { target, wasmEnv, wasmFolder } from "./rust.mjs";
import { sectionsOf } from "./sections.mjs";

export const generated = join(root, "packages", "evenkeel", "src", "wasm", "generated");
/** What setup looks for. */
export const outputs = ["evenkeel.wasm", "exports.ts", "simd128.ts", "fast.ts", "threads.ts"];

const packed = join(root, ".cache", "wasm-pack");
/** 2 MiB hold the stack and the data; the memory of the build with threads is made in JavaScript. */
const initialPages = 32;
/**
 * Panics are traps that say nothing: without this flag the module still holds where each of them is in which file, 2 KB
 * compressed, with paths of this machine in it. Stable compilers know the flag by RUSTC_BOOTSTRAP alone.
 */
const mute = ["-Zlocation-detail=none"];
const buildEnv = () => ({ ...wasmEnv(), RUSTC_BOOTSTRAP: "1" });
/** Added to those of .cargo/config.toml. @param {string[]} rustc */
const flagsOf = (rustc) => ["--config", `target.${target}.rustflags=${JSON.stringify([...mute, ...rustc])}`];
const atomics = ["-Ctarget-feature=+atomics,+bulk-memory,+mutable-globals"];
const sharedMemory = [
  "--shared-memory",
  "--import-memory",
  "--export-memory",
  `--initial-memory=${initialPages << 16}`,
];
const threads = [...sharedMemory, "--max-memory=4294967296", "--export=__stack_pointer"];

/**
 * The builds: flags of rustc beyond those of .cargo/config.toml, features of the crate, of binaryen, exports that are
 * kept although their names start with "__", and what the module imports.
 *
 * The build with threads takes the core that was compiled for one: link-time optimization gives its code atomics like
 * all other. (A core of its own would need a nightly compiler.)
 */
const variants = {
  simd128: { rustc: [], features: [], enable: [], internal: [], imports: [] },
  relaxed: {
    rustc: ["-Ctarget-feature=+relaxed-simd"],
    features: [],
    enable: ["relaxed-simd"],
    internal: [],
    imports: [],
  },
  threads: {
    rustc: [...atomics, ...threads.map((flag) => `-Clink-arg=${flag}`)],
    features: ["threads"],
    enable: ["threads"],
    internal: ["__stack_pointer"],
    imports: ["memory", "now", "wake", "fail"],
  },
};

export async function buildWasm() {
  const modules = await Promise.all([build("simd128"), build("relaxed"), build("threads")]);
  const types = readFileSync(join(packed, "evenkeel_wasm_bg.wasm.d.ts"), "utf8");
  await writeModules(generated, modules, types, initialPages);
}

/** @param {keyof typeof variants} name */
async function build(name) {
  const { imports: wanted, ...variant } = variants[name];
  const bytes = await optimize(await (name === "simd128" ? wasmPack() : cargo(name)), { name, ...variant });
  const imports = importsOf(bytes);
  if ([...imports].sort().join() !== [...wanted].sort().join()) {
    throw new Failure(`the WASM module ${name} is to import ${wanted.join() || "nothing"}, not ${imports.join()}`);
  }
  return bytes;
}

/** The names of all imports. @param {Uint8Array<ArrayBuffer>} bytes */
function importsOf(bytes) {
  const some = sectionsOf(bytes).some(({ id }) => id === 2);
  return some ? WebAssembly.Module.imports(new WebAssembly.Module(bytes)).map(({ name }) => name) : [];
}

/**
 * The build that has types, too: wasm-bindgen writes them. The module is cargo's own, as it is for the others:
 * wasm-bindgen reorders its functions, and then what two modules have in common is harder to see.
 */
async function wasmPack() {
  const flags = ["--target", "web", "--no-opt", "--no-pack", "--no-gitignore", "--mode", "no-install"];
  const crate = [join(root, "crates", "wasm"), "--release", ...flags, "--out-dir", packed];
  await run(["wasm-pack", "build", ...crate, "--", ...flagsOf([])], { env: buildEnv() });
  return join(wasmFolder, target, "release", "evenkeel_wasm.wasm");
}

/** In a folder of its own, so that the builds do not undo each other. @param {keyof typeof variants} name */
async function cargo(name) {
  const { rustc, features } = variants[name];
  const folder = join(wasmFolder, name);
  const crate = ["--package", "evenkeel-wasm", "--target", target, "--release", "--features", features.join()];
  await run(["cargo", "build", ...crate, ...flagsOf(rustc), "--target-dir", folder], { env: buildEnv() });
  return join(folder, target, "release", "evenkeel_wasm.wasm");
}
