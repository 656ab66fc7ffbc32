import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(11));

const { layers } = ek;
const dense = (units: number, options: object = {}) => layers.dense({ units, ...options });
const normal = (...shape: number[]): ek.Tensor => ek.randomNormal(shape);
const quiet = { print: false } as const;

describe("diagnose", () => {
  const network = () => {
    const model = ek.sequential([
      dense(8, { activation: "relu", inputShape: [4] }),
      layers.dropout({ rate: 0.5 }),
      layers.batchNormalization({ zeroDebias: false }),
      dense(2, { activation: "softmax" }),
    ]);
    model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
    return model;
  };
  const targets = (count: number) =>
    ek.toCategorical(
      Array.from({ length: count }, (_, i) => i % 2),
      2,
    );

  it("changes no bit of weights, statistics, optimizer and random streams, and leaves no tensor", async () => {
    const [x, y] = [normal(70, 4), targets(70)];
    const model = network();
    await model.fit(x, y, { batchSize: 32 });
    const before = await model.save();
    const { numTensors } = ek.memory();
    await ek.diagnose(model, x, { ...quiet, y, batchSize: 32 });
    await ek.diagnose(model, x, quiet);
    expect(ek.memory().numTensors).toBe(numTensors);
    expect(await model.save()).toEqual(before);
    // The default stream too: nothing was drawn from it.
    ek.setSeed(5);
    const next = ek.randomUniform([4]).dataSync();
    ek.setSeed(5);
    await ek.diagnose(model, x, quiet);
    expect(ek.randomUniform([4]).dataSync()).toEqual(next);
  });

  it("gives the same twice, and lets others work between batches without seeing its own", async () => {
    const x = normal(1000, 4);
    const model = network();
    const before = await model.save();
    const states: Promise<Uint8Array>[] = [];
    const timer = setInterval(() => states.push(model.save()));
    const first = await ek.diagnose(model, x, { ...quiet, batchSize: 2 });
    clearInterval(timer);
    expect(states.length).toBeGreaterThan(0);
    for (const state of await Promise.all(states)) expect(state).toEqual(before);
    expect(await ek.diagnose(model, x, { ...quiet, batchSize: 2 })).toEqual(first);
  });

  it("prints a row for each layer and the findings, to whom it is told", async () => {
    const lines: string[] = [];
    const order = ["error", "warning", "note"];
    const model = network();
    const [kernel, , ...others] = model.getWeights();
    // One dead unit, at the front.
    model.setWeights([kernel!, ek.concat([[-99], ek.zeros([7])]), ...others]);
    const { findings } = await ek.diagnose(model, normal(64, 4), { print: (line) => void lines.push(line) });
    const all = lines.join("\n");
    expect(lines[0]).toBe(`Diagnosis of "${model.name}" on 64 samples`);
    expect(lines[2]).toMatch(/^Layer \(type\) +Mean gap +Variance +Shift +Stuck +Gradient$/);
    for (const { name } of model.layers) expect(all).toContain(`\n${name} (`);
    expect(findings.length).toBeGreaterThan(0);
    for (const { severity, problem, layer, message, fix } of findings) {
      expect(all).toContain(`\n${severity}: ${problem} in ${layer}: ${message}\n    fix: ${fix}`);
    }
    // The worst first, though the dense layer with its warning is in front.
    const severities = findings.map(({ severity }) => severity);
    expect(severities).toEqual(severities.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
    expect(new Set(severities).size).toBeGreaterThan(1);
    expect(all).toMatch(/\ndense\w* \(Dense\) +12.5 % /);
    expect(lines.at(-1)).toBe(`${findings.length} found`);
    lines.length = 0;
    await ek.diagnose(ek.sequential([dense(2)]), normal(64, 4), { print: (line) => void lines.push(line) });
    expect(lines.at(-1)).toBe("Nothing found");
  });

  it("takes data as predict and fit do, and says what is wrong with it", async () => {
    const model = network();
    const values = Float32Array.from({ length: 40 }, (_, i) => i % 7);
    await ek.diagnose(model, values, { ...quiet, y: targets(10) });
    const { numTensors } = ek.memory();
    const failing: [unknown, object, RegExp][] = [
      [[[1, 2]], {}, /takes \[null, 4\]/],
      [values, { y: targets(3) }, /x has 10 samples and y 3/],
      [values, { batchSize: 0 }, /batchSize/],
      [values, { print: 1 }, /print is 1; use true, false or/],
      [values, { epochs: 1 }, /unknown option "epochs"/],
    ];
    for (const [x, options, message] of failing) {
      await expect(ek.diagnose(model, x as ek.Tensor, { ...quiet, ...options })).rejects.toThrow(message);
    }
    expect(ek.memory().numTensors).toBe(numTensors + 1);
    const bare = ek.sequential([dense(1, { inputShape: [4] })]);
    await expect(ek.diagnose(bare, values, { ...quiet, y: [1] })).rejects.toThrow(/not compiled/);
  });

  it("undoes a step that throws", async () => {
    const model = network();
    const before = await model.save();
    const loss = () => {
      throw new Error("no loss today");
    };
    model.compile({ optimizer: "adam", loss });
    await expect(ek.diagnose(model, normal(32, 4), { ...quiet, y: targets(32) })).rejects.toThrow("no loss today");
    model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
    expect(await model.save()).toEqual(before);
  });
});
