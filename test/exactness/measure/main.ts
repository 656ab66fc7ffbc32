// Writes ../peers.json: how far the float32 of the peers is from the float64 reference. `node main.ts`, from anywhere;
// it installs the peers as the benchmarks do (EVENKEEL_PYTHON names a Python that has Keras, TensorFlow and PyTorch).
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPython, installJavaScriptPeers } from "../../../packages/bench/src/install.ts";
import { peerFolder } from "../../../packages/bench/src/paths.ts";
import { errorOf } from "../../golden/error.ts";
import { cases, inputsOf } from "../cases.ts";
import { type Outputs, reference } from "../reference.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = findPython(console.log);
if (!("program" in python)) throw new Error(python.reason);
installJavaScriptPeers(console.log);

const folder = mkdtempSync(join(tmpdir(), "evenkeel-exactness-"));
try {
  writeFileSync(join(folder, "cases.json"), JSON.stringify(cases));
  cases.forEach((one, i) => {
    for (const [name, values] of Object.entries(inputsOf(one))) writeFileSync(join(folder, `${i}.${name}`), values);
  });
  const run = (program: string, args: string[]): object =>
    JSON.parse(
      execFileSync(program, [...args, folder], { encoding: "utf8" })
        .trimEnd()
        .split("\n")
        .at(-1)!,
    ) as object;
  const versions = {
    ...run(python.program, [here("peers.py")]),
    ...run(process.execPath, [here("peers.mjs"), peerFolder]),
  };
  const errors = cases.map((one, i) => [one.id, errorsOf(reference(one, inputsOf(one)), i, Object.keys(versions))]);
  const text = JSON.stringify({ versions, errors: Object.fromEntries(errors) }, null, 1);
  writeFileSync(here("../peers.json"), `${text}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** By what is compared, then by peer; two digits, and text where there is no number. */
function errorsOf(wanted: Outputs, i: number, peers: readonly string[]) {
  const of = (what: keyof Outputs, peer: string): string | undefined => {
    const file = join(folder, `${i}.${peer}.${what}`);
    if (!existsSync(file)) return undefined;
    return errorOf(new Float32Array(new Uint8Array(readFileSync(file)).buffer), wanted[what]!).toExponential(1);
  };
  const all = (what: keyof Outputs) => Object.fromEntries(peers.map((peer) => [peer, of(what, peer)]));
  return { y: all("y"), dx: all("dx"), variance: all("variance") };
}
