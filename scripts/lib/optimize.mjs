// Binaryen on a module that cargo built: only our exports stay, as small and fast as can be.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";
import { exportsOf, withoutCustomSections } from "./sections.mjs";

/** What every engine has that has SIMD. */
const everywhere = ["simd", "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "multivalue"];

/**
 * wasm-metadce drops what only wasm-bindgen's JavaScript needs: our exports take and return numbers, so that the module
 * is instantiated without glue. Then wasm-opt -O3, but large functions that rustc kept apart stay apart, also with one
 * caller: an engine optimizes the function around a hot loop whole.
 * @param {string} input
 * @param {{ name: string, enable: string[], internal: string[] }} variant  its name, the features it has beyond those
 *   of every engine, and the exports to keep although their names start with "__"
 */
export async function optimize(input, { name, enable, internal }) {
  const folder = join(root, ".cache", "binaryen", name);
  mkdirSync(folder, { recursive: true });
  const [graph, pruned, output] = [join(folder, "kept.json"), join(folder, "pruned.wasm"), join(folder, "out.wasm")];
  const kept = exportsOf(readFileSync(input)).filter((each) => !each.startsWith("__") || internal.includes(each));
  writeFileSync(graph, JSON.stringify(kept.map((each) => ({ name: each, export: each, root: true }))));
  const tool = (/** @type {string} */ program) => join(root, "node_modules", ".bin", program);
  const features = [...everywhere, ...enable].map((feature) => `--enable-${feature}`);
  // Reference types are for wasm-bindgen's table alone, which goes.
  const pruning = ["-f", graph, ...features, "--enable-reference-types", "-o", pruned];
  await run([tool("wasm-metadce"), input, ...pruning]);
  if (enable.includes("relaxed-simd")) await keepNaN(pruned);
  await run([tool("wasm-opt"), pruned, "-O3", "--one-caller-inline-max-function-size=1000", ...features, "-o", output]);
  return withoutCustomSections(readFileSync(output));
}

/**
 * With relaxed SIMD LLVM takes relaxed minima and maxima for ours, which say what becomes of NaN; these do not. Back to
 * ours. @param {string} file
 */
async function keepNaN(file) {
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.readBinary(readFileSync(file));
  const text = module.emitText().replaceAll(/f32x4\.relaxed_(min|max)/g, "f32x4.p$1");
  const features = module.getFeatures();
  module.dispose();
  const mended = binaryen.parseText(text);
  mended.setFeatures(features);
  writeFileSync(file, mended.emitBinary());
  mended.dispose();
}
