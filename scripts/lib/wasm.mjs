// crates/wasm -> packages/evenkeel/src/wasm/generated: wasm-pack, then binaryen, then base64 and types.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { Failure, root, run } from "./run.mjs";
import { wasmEnv } from "./rust.mjs";

export const generated = join(root, "packages", "evenkeel", "src", "wasm", "generated");
const features = ["simd", "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "multivalue"].map(
  (feature) => `--enable-${feature}`,
);

export async function buildWasm() {
  const packed = join(root, ".cache", "wasm-pack");
  const flags = ["--target", "web", "--no-opt", "--no-pack", "--no-gitignore", "--mode", "no-install"];
  await run(["wasm-pack", "build", join(root, "crates", "wasm"), "--release", ...flags, "--out-dir", packed], {
    env: wasmEnv(),
  });
  const bytes = await optimize(join(packed, "evenkeel_wasm_bg.wasm"));
  const types = readFileSync(join(packed, "evenkeel_wasm_bg.wasm.d.ts"), "utf8");
  write(bytes, types);
}

/**
 * wasm-metadce drops what only wasm-bindgen's JavaScript needs: our exports take and return numbers, so that the module
 * is instantiated without imports and without glue. Then wasm-opt -O3, with the features that every engine has.
 * @param {string} input
 */
async function optimize(input) {
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(input)));
  const kept = exports.map(({ name }) => name).filter((name) => !name.startsWith("__"));
  const graph = join(dirname(input), "kept.json");
  const roots = kept.map((name) => ({ name, export: name, root: true }));
  writeFileSync(graph, JSON.stringify(roots));
  const pruned = join(dirname(input), "pruned.wasm");
  const output = join(dirname(input), "optimized.wasm");
  const tool = (/** @type {string} */ name) => join(root, "node_modules", ".bin", name);
  // Reference types are for wasm-bindgen's table alone, which goes.
  await run([tool("wasm-metadce"), input, "-f", graph, ...features, "--enable-reference-types", "-o", pruned]);
  await run([
    tool("wasm-opt"),
    pruned,
    "-O3",
    ...features,
    "--strip-producers",
    "--strip-target-features",
    "-o",
    output,
  ]);
  const bytes = new Uint8Array(readFileSync(output));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  if (imports.length > 0) throw new Failure(`the WASM module must have no imports, has ${JSON.stringify(imports)}`);
  return bytes;
}

/** @param {Uint8Array} bytes @param {string} types  wasm-bindgen's declarations of the raw exports */
function write(bytes, types) {
  const note = "// Built by scripts/lib/wasm.mjs from crates/wasm.\n";
  const functions = [...types.matchAll(/^export const (?!__)(\w+): \((.*)\) => (\w+);$/gm)];
  const lines = functions.map(([, name, parameters, result]) => `  ${name}(${parameters}): ${result};\n`);
  const fresh = `${generated}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, "evenkeel.wasm"), bytes);
  // Deflated first: gzip finds next to nothing in base64, 89 KB instead of 63.
  const base64 = deflateRawSync(bytes, { level: 9, memLevel: 9 }).toString("base64");
  const size = `export const wasmSize = ${bytes.length};\n`;
  writeFileSync(join(fresh, "simd128.ts"), `${note}${size}export const wasmBase64 =\n  "${base64}";\n`);
  const head = "export interface Exports {\n  memory: WebAssembly.Memory;\n";
  writeFileSync(join(fresh, "exports.ts"), `${note}${head}${lines.join("")}}\n`);
  rmSync(generated, { recursive: true, force: true });
  renameSync(fresh, generated);
}
