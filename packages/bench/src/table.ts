import { contestant, type ContestantId } from "./contestants.ts";
import type { Cell, Results, RowResult, Verdict } from "./result.ts";
import { shareOf } from "./verdicts.ts";

const ids = (row: RowResult): ContestantId[] => Object.keys(row.cells) as ContestantId[];

/** About three digits, in ms, or µs below a hundredth of one. */
export function timeText(ms: number): string {
  if (ms < 0.01) return `${(1000 * ms).toFixed(2)} µs`;
  return `${ms.toFixed(ms < 1 ? 3 : ms < 100 ? 2 : 0)} ms`;
}

/** A share of 0.8, or of less than 0.05 as a part: 1/80. */
export const shareText = (share: number): string =>
  share < 0.05 ? `1/${Math.round(1 / share)}` : share.toFixed(share < 10 ? 2 : 0);

const number = (value: number, unit = ""): string =>
  Number.isNaN(value) ? "–" : `${value.toFixed(Math.abs(value) < 10 ? 2 : 0)}${unit}`;

/** What a target wants, and what was measured, in words. */
export function verdictTexts({ of, against, kind, limit, measured }: Verdict): [wanted: string, measured: string] {
  const peers = against.map((id) => contestant(id).name).join(" / ");
  const whose = of.startsWith("evenkeel-") ? `${contestant(of).name}: ` : "";
  const texts = {
    share: [`≤ ${number(limit)} of ${peers}`, number(measured)],
    times: [`≥ ${limit}× as fast as ${peers}`, number(measured, "×")],
    percent: [`≥ ${limit} % of the machine`, number(measured, " %")],
    beyond: [`≤ an empty script + ${limit} ms`, number(measured, " ms")],
    ms: [`≤ ${timeText(limit)}`, Number.isNaN(measured) ? "–" : timeText(measured)],
    kilobytes: [`≤ ${limit} KB`, number(measured, " KB")],
  } as const;
  const [wanted, found] = texts[kind];
  return [whose + wanted, found];
}

const verdictWord = ({ measured, met }: Verdict): string =>
  Number.isNaN(measured) ? "not measured" : met ? "met" : "**not met**";

/** The times of a contestant, or why there are none, and the first one's share of it. */
function cellTexts(row: RowResult, id: ContestantId, cell: Cell): [median: string, best: string, share: string] {
  if (cell.status !== "timed") {
    return [`${cell.status === "failed" ? "**failed**" : cell.status}: ${cell.reason}`, "", ""];
  }
  const share = shareOf(row.cells, ids(row)[0]!, [id]);
  return [
    timeText(cell.median),
    timeText(cell.best),
    id === ids(row)[0] || Number.isNaN(share) ? "" : shareText(share),
  ];
}

/** The machine of a row: what its probe stands for. */
function nameIn(row: RowResult, id: ContestantId): string {
  if (id !== "machine") return contestant(id).name;
  if (row.id === "start") return "an empty script";
  return row.bound === "flops" ? "simd128 peak, as many operations" : "a copy of as many bytes";
}

const targetLines = (row: RowResult): string[] =>
  row.verdicts.map((verdict) => `| ${row.title} | ${verdictTexts(verdict).join(" | ")} | ${verdictWord(verdict)} |`);

function rowLines(row: RowResult): string[] {
  if (row.note !== undefined) return [`### ${row.title}`, "", row.note, ""];
  const [present, absent] = [true, false].map((there) =>
    ids(row).filter((id) => (row.cells[id]!.status !== "left out") === there),
  );
  const lines = present!.map((id) => `| ${nameIn(row, id)} | ${cellTexts(row, id, row.cells[id]!).join(" | ")} |`);
  const left = absent!.map((id) => `${contestant(id).name} (${(row.cells[id] as { reason: string }).reason})`);
  const note = left.length > 0 ? ["", `Left out: ${left.join("; ")}.`] : [];
  return [`### ${row.title}`, "", "| | median | best | share |", "|-|-:|-:|-:|", ...lines, ...note, ""];
}

/** The whole comparison as Markdown: the targets, then a table for each row. */
export function markdown({ date, quick, machine, versions, rows }: Results): string {
  const facts = [...Object.entries(machine), ["date", date], ...(quick ? [["--quick", "few rounds, no Python"]] : [])];
  const names = Object.entries(versions).map(([id, version]) => `${contestant(id as ContestantId).name}: ${version}`);
  const judged = rows.flatMap(({ verdicts }) => verdicts).filter(({ measured }) => !Number.isNaN(measured));
  return [
    "# evenkeel beside its peers",
    "",
    "Written by `npm run bench`. One process for each contestant, on one thread unless a row says otherwise; all of a",
    "row take turns. A time is the median of the rounds; a share is evenkeel's time divided by the other's, the median",
    "of what each round gave. Before they are timed, all are given the same numbers and their results are compared.",
    "",
    ...facts.map(([name, value]) => `- ${name}: ${value}`),
    `- ${names.join("; ")}`,
    "",
    `## Targets: ${judged.filter(({ met }) => met).length} of ${judged.length} met`,
    "",
    "| work | wanted | measured | |",
    "|-|-|-:|-|",
    ...rows.flatMap(targetLines),
    "",
    "## Times",
    "",
    ...rows.flatMap(rowLines),
  ].join("\n");
}
