import { describe, expect, it } from "vitest";
import { chart } from "./chart.ts";
import type { Cell, Results } from "./result.ts";
import { percent, type Target, share, times } from "./rows/row.ts";
import { markdown, shareText, timeText } from "./table.ts";
import { judge } from "./verdicts.ts";

const timed = (...rounds: number[]): Cell => ({ status: "timed", median: rounds[0]!, best: rounds[0]! - 10, rounds });
const cells = {
  evenkeel: timed(80, 160),
  keras: timed(100, 200),
  "torch-last": { status: "failed", reason: "losses differs" },
  jax: timed(8000),
  machine: timed(200, 400),
} as const;
const targets: Target[] = [share(0.75, "keras"), times(80, "jax"), percent(240), share(1, "torch-last")];
const results: Results = {
  date: "2026-01-02",
  quick: false,
  machine: { processor: "2 × A <fast> one" },
  versions: { keras: "3" },
  rows: [{ id: "tutorial-step", title: "Tutorial", bound: "flops", cells, verdicts: judge(targets, cells) }],
};

describe("verdicts", () => {
  it("compare the time with the peers' and the limit", () => {
    expect(judge(targets, cells).map(({ measured, met }) => [measured, met])).toEqual([
      [0.8, false],
      [100, true],
      [250, true],
      [NaN, false],
    ]);
  });

  it("compare with the best of several", () => {
    expect(judge([share(1, ["keras", "machine"])], cells)[0]!.measured).toBe(0.8);
  });
});

describe("the table", () => {
  const text = markdown(results);

  it("says which targets are met", () => {
    expect(text).toContain("2 of 3 met");
    expect(text).toContain("| Tutorial | ≤ 0.75 of Keras on TensorFlow | 0.80 | **not met** |");
    expect(text).toContain("| Tutorial | ≥ 80× as fast as jax-js | 100× | met |");
    expect(text).toContain("| Tutorial | ≤ 1.00 of PyTorch, channels last | – | not measured |");
  });

  it("has a line for each contestant, and says what failed", () => {
    expect(text).toContain("| Keras on TensorFlow | 100 ms | 90.00 ms | 0.80 |");
    expect(text).toContain("| simd128 peak, as many operations | 200 ms | 190 ms | 0.40 |");
    expect(text).toContain("| PyTorch, channels last | **failed**: losses differs |  |  |");
  });

  it("keeps about three digits", () => {
    expect([0.0005, 0.123456, 1.23456, 123.456].map(timeText)).toEqual(["0.50 µs", "0.123 ms", "1.23 ms", "123 ms"]);
    expect([0.01, 0.5, 1.234, 22.2].map(shareText)).toEqual(["1/100", "0.50", "1.23", "22"]);
  });
});

describe("the chart", () => {
  const svg = chart(results);

  it("has a bar for each time, the longest broken", () => {
    const bars = [...svg.matchAll(/<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"/g)].map(([, x, width]) => [
      +x!,
      +width!,
    ]);
    expect(bars).toHaveLength(4);
    expect(bars[0]![1]! / bars[1]![1]!).toBeCloseTo(0.8, 2);
    expect(bars[3]![0]! + bars[3]![1]!).toBe(720 - 90);
    expect(svg).toContain(">8000 ms<");
  });

  it("escapes what it is given", () => {
    expect(svg).toContain("2 × A &lt;fast> one");
  });
});
