import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync, transformSync } from "esbuild";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const core = join(root, "packages", "evenkeel", "src");
const entries = ["index", "index.workerd", "fast", "slim", "threads", "threads.workerd"].map((name) => `${name}.ts`);
const read = (file: string): string => readFileSync(file, "utf8");

/** Which rooms of the core a room may import from; from itself, errors.ts and host.ts all may. */
const sees: Record<string, readonly string[]> = {
  "errors.ts": [],
  "host.ts": [],
  wasm: [],
  tensor: ["wasm"],
  autograd: ["tensor"],
  ops: ["autograd", "tensor", "wasm"],
  "keras.ts": [],
  // Input normalization reads data as `fit` does: the one reason to see data.
  layers: ["data", "ops", "autograd", "tensor", "keras.ts"],
  // `minimize` takes the gradients itself: the one reason to see autograd.
  optimizers: ["ops", "autograd", "tensor", "keras.ts"],
  data: ["ops", "tensor"],
  formats: ["ops", "tensor"],
  models: ["layers", "optimizers", "data", "formats", "ops", "autograd", "tensor", "keras.ts"],
  "api.ts": ["models", "layers", "optimizers", "data", "formats", "ops", "autograd", "tensor", "wasm", "keras.ts"],
  ...Object.fromEntries(entries.map((entry) => [entry, ["api.ts", "wasm"]])),
};

/** Exact or rounded the same way by every engine; all else of Math is not. And what is meant to differ, for seeds. */
const allowed = "abs ceil clz32 floor fround imul max min random round sign sqrt trunc PI SQRT2 SQRT1_2 LN2".split(" ");

function filesIn(folder: string, ...endings: readonly string[]): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (/^(node_modules|dist|target|generated|\..*|.*\.new)$/.test(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path, ...endings);
    return endings.some((ending) => path.endsWith(ending)) ? [path] : [];
  });
}

const sources = filesIn(core, ".ts").filter((file) => !file.endsWith(".test.ts") && !file.endsWith(".d.ts"));

/** What a file imports or re-exports, types too. */
function importsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)].map(([, path]) => path!);
}

/** The folder of src that a file lies in, or its own name. */
const roomOf = (file: string): string => relative(core, file).split(sep)[0]!;

/** Libraries that are built into the package: it has no dependencies at run time. */
const bundled: Record<string, readonly string[]> = { wasm: ["fzstd"] };

/** Imports that point where the arrows do not, and those that leave the core. */
function forbiddenImports(file: string, source: string): string[] {
  return importsOf(source).filter((path) => {
    if (!path.startsWith(".")) return !bundled[roomOf(file)]?.includes(path);
    const room = roomOf(resolve(dirname(file), path));
    return room !== roomOf(file) && !["errors.ts", "host.ts"].includes(room) && !sees[roomOf(file)]?.includes(room);
  });
}

/** Uses of what differs between engines. Comments go first, and Math["exp"] becomes Math.exp. */
function engineDependent(source: string): string[] {
  const { code } = transformSync(source, { loader: "ts", minifyWhitespace: true, minifySyntax: true });
  const uses = [...code.matchAll(/\bMath\b(?:\??\.(\w+))?/g)].filter(([, name]) => !allowed.includes(name ?? ""));
  return [...uses.map(([use]) => use), ...(code.includes("**") ? ["**"] : [])];
}

describe("the checks themselves", () => {
  it("see what they look for", () => {
    const layer = join(core, "layers", "norm", "some.ts");
    const imports = `import { a } from "../../ops/a.ts";\nimport type { B } from "../../wasm/b.ts";
      export * from "../../models/c.ts";\nconst d = import("fs");\n// import "../../wasm/e.ts"
      import { f } from "./f.ts";\nimport type { G } from "../../errors.ts";\ntype H = import("../../api.ts").H;`;
    expect(forbiddenImports(layer, imports)).toEqual(["../../wasm/b.ts", "../../models/c.ts", "fs", "../../api.ts"]);
    const maths = `/** Math.exp, x ** y */ const a = Math.exp(1) + Math["log"](2) + Math.floor(3); // Math.sin
      const { cos } = Math; export const b = (x: number, y: number): number => x ** y + a + cos(1);`;
    expect(engineDependent(maths).toSorted()).toEqual(["**", "Math", "Math.exp", "Math.log"]);
  });
});

describe("the core", () => {
  it.each(sources.map((file) => relative(core, file)))("%s imports along the arrows", (name) => {
    expect(Object.keys(sees)).toContain(roomOf(join(core, name)));
    expect(forbiddenImports(join(core, name), read(join(core, name)))).toEqual([]);
  });

  it("computes the same in every engine", () => {
    const found = sources.map((file) => [relative(core, file), engineDependent(read(file))] as const);
    expect(found.filter(([, uses]) => uses.length > 0)).toEqual([]);
  });

  it("depends on nothing", () => {
    const manifest = JSON.parse(read(join(core, "..", "package.json"))) as Record<string, unknown>;
    const keys = ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies"];
    expect(keys.filter((key) => key in manifest)).toEqual([]);
  });
});

describe("what entries load when it is needed", () => {
  it("brings nothing of the core along", () => {
    const entryPoints = [join(core, "models", "diagnose", "report.ts")];
    const { metafile } = buildSync({ entryPoints, bundle: true, write: false, metafile: true, absWorkingDir: core });
    const files = ["numbers", "report", "rules", "table"].map((file) => `models/diagnose/${file}.ts`);
    expect(Object.keys(metafile.inputs).toSorted()).toEqual(files);
  });
});

describe("the other packages and the tests", () => {
  it("use evenkeel by its name, never by its files", () => {
    const files = ["packages/datasets", "packages/examples", "packages/bench", "test"].flatMap((folder) =>
      filesIn(join(root, folder), ".ts"),
    );
    const deep = files.filter((file) =>
      importsOf(read(file)).some((path) =>
        /^evenkeel\/(?!(?:fast|slim|threads)$)|packages\/evenkeel|\.\.\/evenkeel\//.test(path),
      ),
    );
    expect(deep.map((file) => relative(root, file))).toEqual([]);
  });
});

describe("files", () => {
  const folders = ["crates", "packages", "scripts", "test"].map((folder) => join(root, folder));
  const files = folders.flatMap((folder) => filesIn(folder, ".ts", ".js", ".mjs", ".cjs", ".rs", ".py", ".sh"));

  it("have at most 300 lines", () => {
    const lengths = files.map((file) => [relative(root, file), read(file).trimEnd().split("\n").length] as const);
    expect(lengths.filter(([, lines]) => lines > 300)).toEqual([]);
  });

  it("have lines of at most 120 characters", () => {
    const long = files.flatMap((file) =>
      read(file)
        .split("\n")
        .map((line, i) => [`${relative(root, file)}:${i + 1}`, Array.from(line).length] as const),
    );
    expect(long.filter(([, characters]) => characters > 120)).toEqual([]);
  });
});
