import type { ContestantId } from "./contestants.ts";
import type { Cells, Verdict } from "./result.ts";
import type { Target } from "./rows/row.ts";
import { median, medianRatio } from "./statistics.ts";

const roundsOf = (cells: Cells, id: ContestantId): readonly number[] => {
  const cell = cells[id];
  return cell?.status === "timed" ? cell.rounds : [];
};

/** The time of `of` as a share of the best of `against`; NaN when one of them has none. */
export function shareOf(cells: Cells, of: ContestantId, against: readonly ContestantId[]): number {
  const shares = against.map((id) => medianRatio(roundsOf(cells, of), roundsOf(cells, id)));
  const known = shares.filter((share) => !Number.isNaN(share));
  return known.length === 0 ? NaN : Math.max(...known);
}

function measure({ of, against, kind }: Target, cells: Cells): number {
  const time = median(roundsOf(cells, of));
  const share = shareOf(cells, of, against);
  return {
    share,
    times: 1 / share,
    percent: 100 / share,
    beyond: time - median(against.flatMap((id) => roundsOf(cells, id))),
    ms: time,
    kilobytes: time / 1000,
  }[kind];
}

/** Whether a row's targets are met. */
export function judge(targets: readonly Target[], cells: Cells): Verdict[] {
  return targets.map((target) => {
    const measured = measure(target, cells);
    const least = target.kind === "times" || target.kind === "percent";
    return { ...target, measured, met: least ? measured >= target.limit : measured <= target.limit };
  });
}
