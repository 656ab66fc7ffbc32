// The Rust tests compiled to WASM. wasm-bindgen's runner silently passes over a plain #[test], so each file with tests
// must import the runner's attribute under that name; this fails for a file that does not.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, main, root, run } from "./lib/run.mjs";
import { target } from "./lib/rust.mjs";

const wanted = '#[cfg(target_arch = "wasm32")]\nuse wasm_bindgen_test::wasm_bindgen_test as test;';

await main(async () => {
  const folder = join(root, "crates", "kernels");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".rs"));
  const plain = files.filter((name) => {
    const text = readFileSync(join(folder, name), "utf8").replace(/\n +/g, "\n");
    return text.includes("#[test]") && !text.includes(wanted);
  });
  if (plain.length > 0) throw new Failure(`these would not be tested in WASM: ${plain.join(", ")}; add\n${wanted}`);
  const tests = ["--package", "evenkeel-kernels", "--lib", "--tests"];
  const { code } = await run(["cargo", "test", "--target", target, ...tests], { show: true, allowFailure: true });
  process.exitCode = code;
});
