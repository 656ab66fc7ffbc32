import { describe, expect, it } from "vitest";
import { errorOf } from "../golden/error.ts";
import { cases, inputsOf } from "./cases.ts";
import { evenkeel } from "./evenkeel.ts";
import { type Outputs, reference } from "./reference.ts";
import { committedTable, type Errors, peers, tableOf, writeTable } from "./table.ts";

/** Four times what rounding a result to float32 may cost: no library is better than that, but by luck. */
const unavoidable = 4 * 2 ** -24;

describe("exactness in float32 against float64", () => {
  const errors = new Map<string, Errors>();

  it.for(cases)("$id", (one) => {
    const { id, norm, values } = one;
    const inputs = inputsOf(one);
    const [own, wanted] = [evenkeel(one, inputs), reference(one, inputs)];
    const errorIn = (what: keyof Outputs) => own[what] && errorOf(own[what], wanted[what]!);
    const withPeers = (what: keyof Outputs) => ({
      ...peers.errors[id]![what],
      evenkeel: errorIn(what)?.toExponential(1),
    });
    errors.set(id, { y: withPeers("y"), dx: withPeers("dx"), variance: withPeers("variance") });

    for (const what of ["y", "dx"] as const) {
      const best = Math.min(...Object.values(peers.errors[id]![what]).map(Number));
      const limit = values.mean >= 1e4 ? Math.max(best, unavoidable) : 1e-6;
      expect({ what, error: errorIn(what) }).toEqual({ what, error: expect.toSatisfy((error) => error <= limit) });
    }
    if (norm === "batch" && values.mean >= 1e4) expect(errorIn("variance")).toBeLessThanOrEqual(2e-6);
    if (values.deviation === 0 && norm !== "rms") {
      const { beta } = inputs;
      expect(own.y).toEqual(Float32Array.from(inputs.x, (_, i) => beta[i % beta.length]!));
    }
  });

  it("is what the table of docs/norms.md says; EVENKEEL_WRITE=1 writes it", () => {
    const table = tableOf(errors);
    if (process.env["EVENKEEL_WRITE"] === "1") writeTable(table);
    expect(committedTable()).toBe(table);
  });
});
