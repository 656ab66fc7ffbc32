import { readFileSync, writeFileSync } from "node:fs";
import { cases } from "./cases.ts";

/** Errors against float64 by the largest reference value, as text of two digits: for each output, for each library. */
export type Errors = Readonly<Record<"y" | "dx" | "variance", Readonly<Record<string, string | undefined>>>>;

export interface Peers {
  /** Name and version of each peer. */
  readonly versions: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, Errors>>;
}

export const peers = JSON.parse(readFileSync(new URL("peers.json", import.meta.url), "utf8")) as Peers;

const titles = { batch: "batch", layer: "layer", rms: "RMS", group: "group", instance: "instance" };
const names = { evenkeel: "evenkeel", keras: "Keras", torch: "PyTorch", tfjs: "tfjs", jax: "jax-js" };

/** The table of docs/norms.md: a line a case, and in each cell the errors of y, dx and, where it is told, variance. */
export function tableOf(errors: ReadonlyMap<string, Errors>): string {
  const lines = cases.map(({ id, norm, input }) => {
    const { y, dx, variance } = errors.get(id)!;
    const cells = Object.keys(names).map((name) => cell([y[name], dx[name], variance[name]]));
    return `| ${titles[norm]} | ${input} | ${cells.join(" | ")} |`;
  });
  const header = `| norm | x | ${Object.values(names).join(" | ")} |`;
  return [header, "|---|---|---|---|---|---|---|", ...lines].join("\n");
}

function cell(errors: readonly (string | undefined)[]): string {
  const known = errors.filter((error) => error !== undefined).map(short);
  return known.length === 0 ? "–" : known.join(" ");
}

const short = (error: string): string => (error === "Infinity" ? "NaN" : error === "0.0e+0" ? "0" : error);

const file = new URL("../../docs/norms.md", import.meta.url);
const [start, end] = ["<!-- exactness, by test/exactness -->\n\n", "\n\n<!-- end -->"];

/** The text of the page before the table, the table, and the text after it. */
function parts(): [before: string, table: string, after: string] {
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)];
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}

export const committedTable = (): string => parts()[1];

export function writeTable(table: string): void {
  const [before, , after] = parts();
  writeFileSync(file, before + table + after);
}
