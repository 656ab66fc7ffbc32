// The modules as what the entries import: base64 in TypeScript, and the types of the exports.
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deltaOf } from "./delta.mjs";
import { Failure } from "./run.mjs";

/**
 * Writes the folder anew.
 * @param {string} folder
 * @param {Uint8Array[]} modules  simd128, relaxed, threads
 * @param {string} types  wasm-bindgen's declarations of the raw exports
 * @param {number} initialPages  of the memory that the module with threads imports
 */
export async function writeModules(folder, [simd128, relaxed, threads], types, initialPages) {
  if (!simd128 || !relaxed || !threads) throw new Failure("a module is missing");
  const delta = deltaOf(simd128, relaxed);
  const sizes = { simd128Size: simd128.length, relaxedSize: relaxed.length, deltaSize: delta.length };
  const facts = { wasmSize: threads.length, initialPages, sharedFlag: sharedFlag(threads) };
  const files = {
    "evenkeel.wasm": simd128,
    "simd128.ts": await inline({ wasmSize: simd128.length }, simd128),
    "fast.ts": await inline(sizes, Buffer.concat([simd128, delta])),
    "threads.ts": await inline(facts, threads),
    "exports.ts": exportTypes(types),
  };
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(fresh, name), content);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

const note = "// Built by scripts/lib/wasm.mjs from crates/wasm.\n";

/**
 * Constants, and bytes in base64. Deflated first: gzip finds next to nothing in base64, 89 KB instead of 63; by Zopfli,
 * which takes some seconds more than zlib and saves 5 %. (Loaded here: the set-up starts before there are packages.)
 * @param {Record<string, number>} values
 * @param {Uint8Array} bytes
 */
async function inline(values, bytes) {
  const { deflateAsync } = (await import("@gfx/zopfli")).default;
  const base64 = Buffer.from(await deflateAsync(bytes, { numiterations: 5 })).toString("base64");
  const lines = Object.entries(values).map(([name, value]) => `export const ${name} = ${value};\n`);
  return `${note}${lines.join("")}export const wasmBase64 =\n  "${base64}";\n`;
}

/** @param {string} types */
function exportTypes(types) {
  const functions = [...types.matchAll(/^export const (?!__)(\w+): \((.*)\) => (\w+);$/gm)];
  const lines = functions.map(([, name, parameters, result]) => `  ${name}(${parameters}): ${result};\n`);
  return `${note}export interface Exports {\n  memory: WebAssembly.Memory;\n${lines.join("")}}\n`;
}

/** Where the module says that its memory is shared: in its import of env.memory. @param {Uint8Array} bytes */
function sharedFlag(bytes) {
  const [withMaximum, shared] = [1, 2];
  const name = Buffer.from("\x03env\x06memory\x02", "latin1");
  const at = Buffer.from(bytes).indexOf(name) + name.length;
  if (bytes[at] !== (withMaximum | shared)) throw new Failure("the module with threads imports no shared memory");
  return at;
}
