import { expect, it } from "vitest";
import { parseOptions } from "./options.ts";

it("has defaults, and --quick changes them", () => {
  expect(parseOptions([])).toMatchObject({ quick: false, python: true, rounds: 9, only: "" });
  expect(parseOptions(["--quick"])).toMatchObject({ quick: true, python: false, rounds: 3 });
});

it("takes what is given", () => {
  expect(parseOptions(["--no-python", "--rounds", "5", "--only", "matmul"])).toMatchObject({
    python: false,
    rounds: 5,
    only: "matmul",
  });
});

it("names what it does not understand", () => {
  expect(() => parseOptions(["--rounds", "0"])).toThrow("--rounds 0: give a whole number of at least 1");
  expect(() => parseOptions(["--rounds", "many"])).toThrow("--rounds many");
  expect(() => parseOptions(["--fast"])).toThrow("--fast");
});
