import { describe, expect, it } from "vitest";
import { errorOf } from "../golden/error.ts";
import { type Case, cases, inputsOf, norms } from "./cases.ts";
import { evenkeel } from "./evenkeel.ts";
import { type Outputs, reference } from "./reference.ts";
import { committedTable, type Errors, peers, tableOf, writeTable } from "./table.ts";

const outputs = ["y", "dx", "variance"] as const;

/** The peers' errors, and those of `own`. */
function withPeers({ id }: Case, own: Outputs, wanted: Outputs): Errors {
  const all = outputs.map((what) => {
    const error = own[what] && errorOf(own[what], wanted[what]!).toExponential(1);
    return [what, { ...peers.errors[id]![what], evenkeel: error }];
  });
  return Object.fromEntries(all) as Errors;
}

const errors = new Map<string, Errors>();
const errorsFor = (one: Case): Errors => {
  const inputs = inputsOf(one);
  const found = errors.get(one.id) ?? withPeers(one, evenkeel(one, inputs), reference(one, inputs));
  errors.set(one.id, found);
  return found;
};

describe("exactness in float32 against float64", () => {
  it.for(cases)("$id", (one) => {
    const { y, dx, variance } = errorsFor(one);
    console.log(one.id, y.evenkeel, dx.evenkeel, variance.evenkeel, JSON.stringify(y), JSON.stringify(dx));
  });

  it("is what the table of docs/norms.md says; EVENKEEL_WRITE=1 writes it", () => {
    const table = tableOf(new Map(cases.map((one) => [one.id, errorsFor(one)])));
    if (process.env["EVENKEEL_WRITE"] === "1") writeTable(table);
    expect(committedTable()).toBe(table);
  });
});
