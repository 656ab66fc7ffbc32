// packages/evenkeel/src -> packages/evenkeel/dist: one minified file an entry, what entries load when it is needed, the
// .wasm beside the Workers' one, types.
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";
import { generated } from "./wasm.mjs";

const folder = join(root, "packages", "evenkeel");
export const dist = join(folder, "dist");
/** Each becomes a file of its own. */
export const entries = ["index", "index.workerd", "threads", "threads.workerd", "fast", "slim"];
/** What the entries load by a dynamic import, all of them the same file: its name, and its source. */
export const loaded = { diagnose: "models/diagnose/report" };

export async function buildPackage() {
  const fresh = join(folder, "dist.new");
  rmSync(fresh, { recursive: true, force: true });
  await bundle(fresh);
  copyFileSync(join(generated, "evenkeel.wasm"), join(fresh, "evenkeel.wasm"));
  copyFileSync(join(folder, "node_modules", "fzstd", "LICENSE"), join(fresh, "fzstd.LICENSE"));
  await declarations(fresh);
  for (const text of ["README.md", "LICENSE"]) copyFileSync(join(root, text), join(folder, text));
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}

/** @param {string} outdir */
async function bundle(outdir) {
  const { build } = await import("esbuild");
  const source = (/** @type {string} */ name) => join(folder, "src", `${name}.ts`);
  const besides = {
    name: "besides",
    /** @param {import("esbuild").PluginBuild} build */
    setup: (build) => {
      build.onResolve({ filter: /\.wasm$/ }, () => ({ path: "./evenkeel.wasm", external: true }));
      build.onResolve({ filter: /^\..*\.ts$/ }, ({ kind, path, resolveDir }) => {
        const file = Object.entries(loaded).find(([, name]) => source(name) === join(resolveDir, path));
        if (kind !== "dynamic-import" || file === undefined) return undefined;
        return { path: `./${file[0]}.js`, external: true };
      });
    },
  };
  await build({
    entryPoints: [
      ...entries.map((name) => ({ in: source(name), out: name })),
      ...Object.entries(loaded).map(([out, name]) => ({ in: source(name), out })),
    ],
    outdir,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    external: ["node:*"],
    minify: true,
    banner: { js: "/*! evenkeel, MIT. Has fzstd in it, MIT, (c) Arjun Barrett: fzstd.LICENSE */" },
    plugins: [besides],
    logLevel: "warning",
  });
}

/** @param {string} outdir */
async function declarations(outdir) {
  await run([join(root, "node_modules", ".bin", "tsc"), "-p", "tsconfig.build.json", "--outDir", outdir]);
  // Older TypeScript, and resolvers that are not TypeScript, want the name of the JavaScript.
  const files = readdirSync(outdir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".d.ts"));
  for (const file of files.map((name) => join(outdir, name))) {
    writeFileSync(file, readFileSync(file, "utf8").replace(/((?:from|import\() ?"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}
