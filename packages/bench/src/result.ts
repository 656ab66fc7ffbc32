import type { ContestantId } from "./contestants.ts";
import type { Target } from "./rows/row.ts";

/** What a contestant did in a row: ms (bytes in the row of sizes), or why there is nothing. */
export type Cell =
  | { readonly status: "timed"; readonly median: number; readonly best: number; readonly rounds: readonly number[] }
  | { readonly status: "cannot" | "failed" | "left out"; readonly reason: string };

export type Cells = Readonly<Partial<Record<ContestantId, Cell>>>;

export interface Verdict extends Target {
  /** In the unit of the limit; NaN when one of the times is missing. */
  readonly measured: number;
  readonly met: boolean;
}

export interface RowResult {
  readonly id: string;
  readonly title: string;
  /** What the machine was asked for. */
  readonly bound?: "flops" | "bytes";
  readonly cells: Cells;
  /** Said instead of the times. */
  readonly note?: string;
  readonly verdicts: readonly Verdict[];
}

export interface Results {
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Partial<Record<ContestantId, string>>>;
  readonly rows: readonly RowResult[];
}
