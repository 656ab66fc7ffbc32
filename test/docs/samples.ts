import { readFileSync } from "node:fs";
import { transform } from "esbuild";
import * as ek from "evenkeel";

/** A block of TypeScript in a text, and the line of the text on which it starts. */
export interface Sample {
  readonly line: number;
  readonly code: string;
}

export const readText = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** All blocks of a text that are marked as `ts`. */
export function samplesOf(text: string): Sample[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code }) => ({
    line: text.slice(0, index).split("\n").length + 1,
    code: code!,
  }));
}

/**
 * Runs samples one after the other as one program, in which `ek` and the names of `given` are known. A line
 * `expression; // -> value` must give that value, to as many decimals as it has; `expression; // throws text` must
 * throw an error with that text. Resolves to how many values were compared.
 */
export async function runSamples(samples: readonly Sample[], given: Readonly<Record<string, unknown>> = {}) {
  const lines = samples.flatMap(({ line, code }) => code.split("\n").map((text, i) => withCheck(text, line + i)));
  const source = lines.filter((line) => !line.startsWith("import ")).join("\n");
  const { code } = await transform(`async function sample() {\n${source}\n}`, { loader: "ts" });
  let compared = 0;
  const check = async (line: number, got: () => unknown, wanted: string): Promise<void> => {
    compared += 1;
    const value = plain(await got());
    const text = JSON.stringify(value, (_, one) => (typeof one === "number" ? round(one, decimalsOf(wanted)) : one));
    if (text !== JSON.stringify(JSON.parse(wanted))) throw new Error(`line ${line}: got ${text}, not ${wanted}`);
  };
  const throws = async (line: number, run: () => unknown, wanted: string): Promise<void> => {
    compared += 1;
    const message = await Promise.resolve()
      .then(run)
      .then(() => "nothing thrown", String);
    if (!message.includes(wanted)) throw new Error(`line ${line}: ${message}, not ${wanted}`);
  };
  const names = { ek, check, throws, ...given };
  // oxlint-disable-next-line typescript/no-implied-eval -- running the text is what this is for
  const run = new Function(...Object.keys(names), `${code}return sample();`) as (...values: unknown[]) => unknown;
  await run(...Object.values(names));
  return compared;
}

/** A line whose comment tells a value, as a call that compares the two. */
function withCheck(text: string, line: number): string {
  const [, code, kind, wanted] = /^(.*); \/\/ (->|throws) (.*)$/.exec(text) ?? [];
  if (code === undefined) {
    if (/\/\/ (->|throws)/.test(text)) throw new Error(`line ${line}: write "expression; // -> value": ${text}`);
    return text;
  }
  return `await ${kind === "->" ? "check" : "throws"}(${line}, async () => (${code}), ${JSON.stringify(wanted)});`;
}

function plain(value: unknown): unknown {
  if (value instanceof ek.Tensor) return value.arraySync();
  return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
}

/** The most decimals that a number in this text has. */
function decimalsOf(text: string): number {
  return Math.max(0, ...[...text.matchAll(/\.(\d+)/g)].map(([, decimals]) => decimals!.length));
}

function round(value: number, decimals: number): number {
  // Adding 0 makes 0 of -0.
  return Number(value.toFixed(decimals)) + 0;
}
