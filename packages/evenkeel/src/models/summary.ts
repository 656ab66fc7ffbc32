import { ArgumentError, checkInteger } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { Sequential } from "./sequential.ts";

export interface SummaryOptions {
  /** Gets each line. Default: console.log. */
  print?: (line: string) => void;
  /** Characters a line. Default: 76, what Keras fits into a terminal of 80. */
  lineLength?: number;
}

type Row = readonly [layer: string, shape: string, parameters: string];

/**
 * Prints the table of layers as Keras 3 does, and returns it as text. Sizes: 4 bytes a parameter, 1 KB = 1024 bytes.
 */
export function summary(model: Sequential, options: SummaryOptions = {}): string {
  // eslint-disable-next-line no-console -- what a summary is for
  const { print = (line: string) => console.log(line), lineLength = 76 } = options;
  checkInteger("summary", "lineLength", lineLength, 40);
  if (typeof print !== "function") throw new ArgumentError("summary: print is no function; pass (line) => ...");
  const rows = model.layers.map((layer, i): Row => [
    `${layer.name} (${layer.className})`,
    shapeText(model.shapes[i + 1]),
    layer.built ? count(layer.countParams()) : "0 (unbuilt)",
  ]);
  const lines = [`Model: "${model.name}"`, ...table(rows, columnWidths(lineLength)), ...totals(model)];
  for (const line of lines) print(line);
  return lines.join("\n");
}

function totals(model: Sequential): string[] {
  const built = model.layers.filter((layer) => layer.built);
  const trainable = built.flatMap((layer: Layer) => layer.trainableWeights).reduce((sum, { size }) => sum + size, 0);
  const others = built.reduce((sum, layer) => sum + layer.countParams(), 0) - trainable;
  const slots = Object.values(model.optimizer?.getState().slots ?? {});
  // Keras counts the step and the learning rate as well.
  const optimizer = slots.length > 0 ? slots.reduce((sum, { size }) => sum + size, 2) : 0;
  const line = (name: string, parameters: number): string =>
    ` ${name} params: ${count(parameters)} (${bytes(parameters)})`;
  const lines = [
    line("Total", trainable + others + optimizer),
    line("Trainable", trainable),
    line("Non-trainable", others),
  ];
  return optimizer > 0 ? [...lines, line("Optimizer", optimizer)] : lines;
}

/** `(None, 28, 28, 1)`, as Python writes it. */
function shapeText(shape: readonly (number | null)[] | undefined): string {
  return shape === undefined ? "?" : `(${shape.map((size) => size ?? "None").join(", ")})`;
}

function count(parameters: number): string {
  return String(parameters).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function bytes(parameters: number): string {
  let size = parameters * 4;
  let unit = 0;
  for (; size >= 1024 && unit < 4; unit++) size /= 1024;
  return `${size.toFixed(2)} ${["B", "KB", "MB", "GB", "TB"][unit]}`;
}

/** 45, 35 and 20 % of the line, less borders and padding: the text of a cell. */
function columnWidths(lineLength: number): number[] {
  const first = Math.floor(0.45 * lineLength);
  const second = Math.floor(0.8 * lineLength);
  return [first - 3, second - first - 4, lineLength - second - 3];
}

function table(rows: readonly Row[], widths: readonly number[]): string[] {
  const rule = (left: string, line: string, cross: string, right: string): string =>
    left + widths.map((width) => line.repeat(width + 2)).join(cross) + right;
  const body = rows.map((row) => cells(row, widths, "│"));
  return [
    rule("┏", "━", "┳", "┓"),
    ...cells(["Layer (type)", "Output Shape", "Param #"], widths, "┃"),
    rule("┡", "━", "╇", "┩"),
    ...body.flatMap((lines, i) => (i === 0 ? lines : [rule("├", "─", "┼", "┤"), ...lines])),
    rule("└", "─", "┴", "┘"),
  ];
}

function cells(row: Row, widths: readonly number[], border: string): string[] {
  const columns = row.map((text, i) => wrap(text, widths[i]!));
  const height = Math.max(...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map((lines, i) => {
      const text = lines[line] ?? "";
      return i === 2 ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
    });
    return `${border} ${parts.join(` ${border} `)} ${border}`;
  });
}

/** Breaks between words; a word that is too long ends in "…". */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const joined = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
}
