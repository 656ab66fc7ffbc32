import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { symexp, symlog } from "./symlog.ts";

const values = [0, 1e-30, 1e-9, 1e-4, 0.1, 1, 3, 1e6, 1e8, 1e12, 3e38].flatMap((x) => [x, -x]).map(Math.fround);

/** The largest |got − wanted|/|wanted|. */
function worst(got: ArrayLike<number>, wanted: readonly number[]): number {
  return Math.max(...wanted.map((value, i) => Math.abs(got[i]! - value) / Math.max(Math.abs(value), 1e-40)));
}

describe("symlog", () => {
  it("is sign(x)·ln(1 + |x|) to the last digits", () => {
    const wanted = values.map((x) => Math.sign(x) * Math.log1p(Math.abs(x)));
    expect(
      worst(
        ek.tidy(() => symlog(ek.tensor(values)).dataSync()),
        wanted,
      ),
    ).toBeLessThan(2e-7);
  });

  it("has the slope 1/(1 + |x|), also at 0", () => {
    const slopes = ek
      .grad(symlog)(values, ek.ones([values.length]))
      .dataSync();
    const wanted = values.map((x) => 1 / (1 + Math.abs(x)));
    expect(worst(slopes, wanted)).toBeLessThan(3e-7);
  });

  it("takes Infinity and NaN", () => {
    const x = [Infinity, -Infinity, Number.NaN];
    expect(ek.tidy(() => symlog(ek.tensor(x)).arraySync())).toEqual(x);
  });
});

describe("symexp", () => {
  it("is sign(y)·(e^|y| − 1) to the last digits", () => {
    const y = values.filter((value) => Math.abs(value) < 5).concat([20, -80]);
    const wanted = y.map((value) => Math.sign(value) * Math.expm1(Math.abs(value)));
    expect(
      worst(
        ek.tidy(() => symexp(ek.tensor(y)).dataSync()),
        wanted,
      ),
    ).toBeLessThan(5e-7);
  });
});
