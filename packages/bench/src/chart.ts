import { contestant, type ContestantId } from "./contestants.ts";
import type { Results } from "./result.ts";

const rowId = "tutorial-step";
const shown: readonly ContestantId[] = ["evenkeel", "keras", "torch-last", "jax"];
const [width, bar, gap, left, right] = [720, 22, 12, 190, 90];

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const barText = (ms: number): string => (ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(0)} s`);

/**
 * Bars of the tutorial's training step in ms, for the README. It follows the reader's light or dark mode. A bar of more
 * than twice the second longest is broken.
 */
export function chart({ rows, machine, date }: Results): string {
  const row = rows.find(({ id }) => id === rowId);
  const bars = shown.flatMap((id) => {
    const cell = row?.cells[id];
    return cell?.status === "timed" ? [{ id, ms: cell.median }] : [];
  });
  const [longest = 1, second = longest] = bars.map(({ ms }) => ms).toSorted((a, b) => b - a);
  const full = Math.min(longest, 2 * second);
  const room = width - left - right;
  const lines = bars.map(({ id, ms }, i) => {
    const y = 40 + i * (bar + gap);
    const cut = ms > full;
    const length = cut ? room : (room * ms) / full;
    const kind = id.startsWith("evenkeel") ? "own" : "peer";
    const piece = (x: number, length: number): string =>
      `  <rect class="${kind}" x="${x}" y="${y}" width="${length.toFixed(1)}" height="${bar}" rx="3"/>`;
    return [
      `  <text class="name" x="${left - 10}" y="${y + 16}">${escape(contestant(id).name)}</text>`,
      ...(cut ? [piece(left, room - 40), piece(left + room - 34, 34)] : [piece(left, length)]),
      `  <text x="${(left + length + 8).toFixed(1)}" y="${y + 16}">${barText(ms)}</text>`,
    ].join("\n");
  });
  const height = 40 + bars.length * (bar + gap) + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
  <style>
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .name { text-anchor: end }
    .small { font-size: 12px }
    .own { fill: #0969da }
    .peer { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .own { fill: #4493f8 }
      .peer { fill: #6e7681 }
    }
  </style>
  <text x="${left}" y="22">${escape(row?.title ?? "Not measured")}, one thread (shorter is better)</text>
${lines.join("\n")}
  <text class="small" x="${left}" y="${height - 10}">${escape(machine["processor"] ?? "")}, ${date}</text>
</svg>
`;
}
