import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ek from "evenkeel";
import { afterAll, describe, expect, it, vi } from "vitest";
import { draw, folder, pictures } from "../../scripts/norm-pictures.mjs";
import { readText, runSamples, samplesOf } from "./samples.ts";

const text = readText("docs/norms.md");
afterAll(() => {
  ek.setSeed(1);
  vi.restoreAllMocks();
});

describe("docs/norms.md", () => {
  const samples = samplesOf(text);
  const names = Object.keys(pictures);

  it.for(samples)("the sample on line $line runs and gives what it says", async (sample) => {
    ek.setSeed(1);
    expect(await runSamples([sample])).toBeGreaterThan(0);
  });

  it("has samples", () => expect(samples.length).toBeGreaterThan(5));

  it("has the pictures that scripts/norm-pictures.mjs draws, and no others", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".svg"));
    expect(files.toSorted()).toEqual(names.map((name) => `${name}.svg`).toSorted());
  });

  it.for(names)("shows the picture of %s as the script draws it", (name) => {
    expect(text).toContain(`](norms/${name}.svg)`);
    expect(readFileSync(join(folder, `${name}.svg`), "utf8")).toBe(draw(pictures[name]!));
  });
});

describe("README.md", () => {
  it("its samples run, one after the other", async () => {
    // What diagnose prints.
    vi.spyOn(console, "log").mockImplementation(() => {});
    ek.setSeed(1);
    const labels = ek.toCategorical([0, 1, 2, 3], 10);
    const images = ek.randomUniform([4, 28, 28, 1], 0, 1);
    const data = { x: images, y: labels, xTest: images, yTest: labels, xNight: images };
    await expect(runSamples(samplesOf(readText("README.md")), data)).resolves.toBe(0);
  });
});
