// `npm run bench`: the whole comparison. options.ts says what it takes.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";
import { valuesOf } from "./arrays.ts";
import { chart } from "./chart.ts";
import { contestant, isPython } from "./contestants.ts";
import { findPython, installJavaScriptPeers } from "./install.ts";
import { measureRow, type Settings } from "./measure.ts";
import { help, type Options, parseOptions } from "./options.ts";
import { cache, results as folder, root } from "./paths.ts";
import { Pool } from "./pool.ts";
import { startProcess } from "./process.ts";
import type { Cells, Results, RowResult } from "./result.ts";
import { rows } from "./rows.ts";
import type { Row } from "./rows/row.ts";
import type { Prepare } from "./runner.ts";
import { measureSizes } from "./size.ts";
import { measureStart } from "./start.ts";
import { markdown } from "./table.ts";
import { judge } from "./verdicts.ts";

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The row's arrays as files of float32 numbers. */
function writeArrays(row: Row): Prepare["arrays"] {
  const folder = join(cache, "arrays");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = Object.entries(row.arrays).map(([name, spec], i) => {
    const file = join(folder, `${i}.f32`);
    writeFileSync(file, valuesOf(name, spec));
    return [name, { file, shape: spec.shape }];
  });
  return Object.fromEntries(files);
}

function resultOf(row: Row, measured: Cells): RowResult {
  const cells: Cells = Object.fromEntries(row.contestants.map((id) => [id, measured[id]]));
  const bound = row.machine && ("flops" in row.machine ? "flops" : "bytes");
  return { id: row.id, title: row.title, ...(bound && { bound }), cells, verdicts: judge(row.targets, cells) };
}

function sizes(row: Row): RowResult {
  const { cell, note } = measureSizes();
  return { ...resultOf(row, { evenkeel: cell }), note };
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return "not a git checkout";
  }
}

/** Part of a comparison, and a quick one, stay on the screen: the files hold whole ones. */
function save(results: Results, { only, quick }: Options): void {
  const text = markdown(results);
  console.log(text);
  if (only !== "" || quick) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.md"), text);
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(folder, "chart.svg"), chart(results));
}

async function compare(options: Options): Promise<void> {
  const chosen = rows.filter(({ id, slow }) => id.includes(options.only) && !(options.quick && slow === "all"));
  if (chosen.length === 0) throw new Error(`--only ${options.only}: no such row; --list prints their names`);
  mkdirSync(cache, { recursive: true });
  installJavaScriptPeers(say);
  const python = options.python ? findPython(say) : { reason: options.quick ? "--quick" : "--no-python" };
  if ("reason" in python) say(`PyTorch and Keras are left out: ${python.reason}`);
  const program = "program" in python ? python.program : "";
  const settings: Settings = {
    rounds: options.rounds,
    turn: options.quick ? 60 : 250,
    warmUp: options.quick ? 250 : 1000,
    pause: options.quick ? 20 : 300,
    leftOut: (row, id) => {
      if (isPython(id) && "reason" in python) return python.reason;
      const slow = id === "tfjs-cpu" || row.slow?.includes(id);
      return options.quick && slow ? "takes too long for --quick" : undefined;
    },
    say,
  };
  const pool = new Pool((id) => startProcess(contestant(id), program));
  const done: RowResult[] = [];
  try {
    for (const row of chosen) {
      if (row.job === "size") done.push(sizes(row));
      else if (row.job === "start") done.push(resultOf(row, measureStart(row, writeArrays(row), program, settings)));
      else done.push(resultOf(row, await measureRow(row, writeArrays(row), pool, settings)));
    }
  } finally {
    await pool.close();
  }
  const [cpu] = cpus();
  const machine = {
    processor: `${cpus().length} × ${cpu?.model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${arch()}`,
    node: process.version,
    commit: commit(),
  };
  const date = new Date().toISOString().slice(0, 10);
  save({ date, quick: options.quick, machine, versions: pool.versions, rows: done }, options);
}

/** Serves the page until the process is stopped. */
async function page(): Promise<void> {
  installJavaScriptPeers(say);
  const { servePage } = await import("./page/serve.ts");
  console.log(`The comparison in the browser: ${await servePage()}`);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(help);
  else if (options.list) console.log(rows.map(({ id, title }) => `${id.padEnd(24)} ${title}`).join("\n"));
  else if (options.page) await page();
  else await compare(options);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message} (--help tells the options)`);
  process.exitCode = 1;
}
