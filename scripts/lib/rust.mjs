// The Rust toolchain that builds for WASM, found or installed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { Failure, root, run, which } from "./run.mjs";

export const target = "wasm32-unknown-unknown";
/** The name that debian-wasm-target.sh gives the toolchain made of Debian's packages. */
const fallback = "web";
/** One folder for all WASM builds: their flags differ from the native ones. */
export const wasmFolder = join(root, "target", "wasm");
export const toolsFolder = join(root, ".cache", "tools");

const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
const rustupHome = process.env.RUSTUP_HOME ?? join(homedir(), ".rustup");
/** The toolchain that installTarget settled on: a name for rustup, or nothing for the default one. */
const choice = join(root, ".cache", "rust-toolchain");
const hint = "install Rust with rustup (https://rustup.rs), then run this again";

/** Environment for cargo: rustup's programs and our tools on the PATH, and no flags but those of .cargo/config.toml. */
export function cargoEnv() {
  const { RUSTFLAGS: _, CARGO_ENCODED_RUSTFLAGS: __, CARGO_TARGET_DIR: ___, ...env } = process.env;
  env.PATH = [join(toolsFolder, "bin"), env.PATH, join(cargoHome, "bin")].join(delimiter);
  return env;
}

/** The same for WASM builds: with the toolchain that has the target. */
export function wasmEnv() {
  const name = readText(choice);
  return { ...cargoEnv(), CARGO_TARGET_DIR: wasmFolder, ...(name && { RUSTUP_TOOLCHAIN: name }) };
}

/** What decides which Rust is used, found without starting it: for the stamps. */
export function rustInputs() {
  return [process.env.RUSTUP_TOOLCHAIN ?? "", readText(join(rustupHome, "settings.toml")), readText(choice)];
}

/** Makes sure that Rust is there, new enough, and can build for WASM. */
export async function installTarget() {
  const env = cargoEnv();
  if (!which("cargo", env.PATH) || !which("rustc", env.PATH)) throw new Failure(`Rust is missing: ${hint}`);
  await checkVersion(env);
  const rustup = which("rustup", env.PATH);
  let name = "";
  if (!(await hasTarget(env))) {
    if (!rustup) throw new Failure(`${which("rustc", env.PATH)} lacks the target ${target}: ${hint}`);
    const added = await run(["rustup", "target", "add", target], { env, allowFailure: true });
    if (!(await hasTarget(env))) name = await useDebian(env, added.output);
  }
  mkdirSync(join(root, ".cache"), { recursive: true });
  // Objects built with another std would not link.
  if (name !== readText(choice)) rmSync(wasmFolder, { recursive: true, force: true });
  writeFileSync(choice, name);
}

/** @param {NodeJS.ProcessEnv} env @param {string} reason */
async function useDebian(env, reason) {
  const debian = { ...env, RUSTUP_TOOLCHAIN: fallback };
  if (await hasTarget(debian)) return fallback;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    throw new Failure(`the WASM target is missing; run: rustup target add ${target}\n${reason.trim()}`);
  }
  console.log(`    rustup target add ${target} failed: taking Rust's WASM target from Debian's packages`);
  await run([join(root, "scripts", "debian-wasm-target.sh")], { env });
  rmSync(wasmFolder, { recursive: true, force: true });
  if (!(await hasTarget(debian))) throw new Failure(`Debian's packages did not give the target ${target}`);
  return fallback;
}

/** @param {NodeJS.ProcessEnv} env */
async function hasTarget(env) {
  const command = ["rustc", "--print", "target-libdir", "--target", target];
  const { code, output } = await run(command, { env, allowFailure: true });
  return code === 0 && existsSync(output.trim().split("\n").pop() ?? "");
}

/** @param {NodeJS.ProcessEnv} env */
async function checkVersion(env) {
  const wanted = /^rust-version = "(\d+)\.(\d+)"/m.exec(readText(join(root, "Cargo.toml")));
  const { output } = await run(["rustc", "--version"], { env });
  const found = /(\d+)\.(\d+)/.exec(output);
  if (!wanted || !found) throw new Failure(`cannot read the version of Rust: ${output.trim()}`);
  const major = Number(found[1]) - Number(wanted[1]);
  const minor = Number(found[2]) - Number(wanted[2]);
  if (major < 0 || (major === 0 && minor < 0)) {
    throw new Failure(`Rust ${wanted[1]}.${wanted[2]} or newer is wanted; run: rustup update stable\n${output.trim()}`);
  }
}

/** @param {string} file */
function readText(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
