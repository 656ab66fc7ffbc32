import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

beforeEach(() => ek.setSeed(7));

const options = { optimizer: "adam", loss: "meanSquaredError" };

/** Batch normalization around a dense layer, trained on data of the first domain. */
function trained(): { model: ek.Sequential; norms: ek.BatchNormalization[]; x: ek.Tensor; y: ek.Tensor } {
  const norms = [ek.layers.batchNormalization({ inputShape: [3] }), ek.layers.batchNormalization({ preset: "torch" })];
  const model = ek.sequential([norms[0]!, ek.layers.dense({ units: 4, activation: "relu" }), norms[1]!]);
  model.compile(options);
  const [x, y] = [ek.randomNormal([24, 3], 2, 3), ek.randomNormal([24, 4])];
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
  return { model, norms, x, y };
}

const night = (): ek.Tensor => ek.randomNormal([50, 3], -1e4, 1);
const bitsOf = (model: ek.Sequential, x: ek.Tensor): number[] => [
  ...new Int32Array(model.predict(x).dataSync().buffer),
];
const stateOf = (norms: readonly ek.BatchNormalization[]): unknown[] =>
  norms.map(({ runningStats: { mean, variance, weight, batches, count, exact } }) => {
    const values = [mean, variance].map((each) => [...new Int32Array(each.buffer)]);
    return { values, weight, batches, count, exact };
  });

describe("stats.adaptDomain", () => {
  it.each([{}, { exact: true, batchSize: 7 }])("gives what recalibrate gives, and uses it, %o", async (how) => {
    const { model, norms, x } = trained();
    const bytes = await model.save();
    const data = night();
    await ek.stats.adaptDomain(model, data, { domain: "night", ...how });
    expect(norms.map(({ runningStats }) => runningStats.domain)).toEqual(["night", "night"]);
    expect(norms[0]!.runningStats.domains).toEqual(["night", "default"]);
    const recalibrated = await ek.loadModel(bytes);
    await ek.stats.recalibrate(recalibrated, data, how);
    expect(bitsOf(model, data)).toEqual(bitsOf(recalibrated, data));
    expect(stateOf(norms)).toEqual(
      stateOf(recalibrated.layers.filter((layer) => "runningStats" in layer) as ek.BatchNormalization[]),
    );
    // Normalized by the statistics of its own data, but for γ and β, which training has moved a little.
    const normal = ek.moments(norms[0]!.apply(data), 0);
    for (const value of normal.mean.dataSync()) expect(Math.abs(value)).toBeLessThan(1e-2);
    for (const value of normal.variance.dataSync()) expect(Math.abs(value - 1)).toBeLessThan(1e-2);
    ek.stats.useDomain(model, "default");
    expect(bitsOf(model, x)).toEqual(bitsOf(await ek.loadModel(bytes), x));
  });

  it("loses nothing at a switch, shares γ and β, and trains the domain in use alone", async () => {
    const { model, norms, x, y } = trained();
    const [first, predicted] = [stateOf(norms), bitsOf(model, x)];
    await ek.stats.adaptDomain(model, night(), { domain: "night" });
    const adapted = stateOf(norms);
    ek.stats.useDomain(model, "default");
    expect(stateOf(norms)).toEqual(first);
    expect(bitsOf(model, x)).toEqual(predicted);
    ek.stats.useDomain(model, "night");
    expect(stateOf(norms)).toEqual(adapted);
    model.trainOnBatch(x, y);
    const moved = stateOf(norms);
    expect(moved).not.toEqual(adapted);
    ek.stats.useDomain(model, "default");
    expect(stateOf(norms)).toEqual(first);
    // The step changed γ and β of all domains.
    expect(bitsOf(model, x)).not.toEqual(predicted);
    ek.stats.useDomain(model, "night");
    expect(stateOf(norms)).toEqual(moved);
    norms[0]!.runningStats.reset();
    expect(norms[0]!.runningStats).toMatchObject({ weight: 0, batches: 0, domain: "night" });
    norms[0]!.runningStats.useDomain("default");
    expect(stateOf(norms)[0]).toEqual(first[0]);
  });

  it("takes a known domain anew", async () => {
    const { model, norms } = trained();
    const data = night();
    for (const x of [night(), data]) await ek.stats.adaptDomain(model, x, { domain: "night" });
    const twice = stateOf(norms);
    await ek.stats.adaptDomain(model, data, { domain: "other" });
    expect(stateOf(norms)).toEqual(twice);
    expect(norms[0]!.runningStats.domains).toEqual(["other", "default", "night"]);
  });

  it("is saved with the model, whichever is in use, and a run goes on with the same bits", async () => {
    const { model, x, y } = trained();
    await ek.stats.adaptDomain(model, night(), { domain: "night" });
    await ek.stats.adaptDomain(model, x, { domain: "1" });
    for (const domain of ["1", "night", "default"]) {
      ek.stats.useDomain(model, domain);
      const bytes = await model.save();
      const loaded = await ek.loadModel(bytes);
      expect(await loaded.save()).toEqual(bytes);
      for (const each of ["default", "night", "1", domain]) {
        for (const one of [model, loaded]) ek.stats.useDomain(one, each);
        expect(bitsOf(loaded, x)).toEqual(bitsOf(model, x));
        expect(loaded.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
        expect(bitsOf(loaded, x)).toEqual(bitsOf(model, x));
      }
    }
  });

  it("saves -0, NaN and infinities of a domain that is not in use", () => {
    const [a, b] = [ek.layers.batchNormalization(), ek.layers.batchNormalization()];
    for (const layer of [a, b]) layer.build([null, 4]);
    const strange = [-0, Number.NaN, -Infinity, 1e-45];
    a.setWeights([[1, 1, 1, 1], [0, 0, 0, 0], strange, strange]);
    a.runningStats.openDomain("other");
    b.runningStats.setState(JSON.parse(JSON.stringify(a.runningStats.getState())) as object);
    expect(b.runningStats.snapshot()).toEqual(a.runningStats.snapshot());
    b.runningStats.useDomain("default");
    expect([...b.runningStats.mean]).toEqual(strange.map(Math.fround));
  });

  it("keeps the averages of batch renormalization with each domain", async () => {
    const norm = ek.layers.batchNormalization({ renorm: true, inputShape: [32] });
    const model = ek.sequential([norm, ek.layers.dense({ units: 4 })]);
    model.compile(options);
    const [x, y] = [ek.randomNormal([24, 32], 2, 3), ek.randomNormal([24, 4])];
    for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
    const deviation = (one: ek.Sequential): unknown =>
      one.weights.find(({ name }) => name.endsWith("moving_stddev"))!.dataSync();
    const before = deviation(model);
    await ek.stats.adaptDomain(model, ek.randomNormal([9, 32], 5), { domain: "night" });
    const adapted = deviation(model);
    norm.runningStats.variance.forEach((value, c) =>
      expect((adapted as Float32Array)[c]).toBeCloseTo(Math.sqrt(value + 1e-3), 6),
    );
    const loaded = await ek.loadModel(await model.save());
    for (const one of [model, loaded]) {
      ek.stats.useDomain(one, "default");
      expect(deviation(one)).toEqual(before);
      ek.stats.useDomain(one, "night");
      expect(deviation(one)).toEqual(adapted);
    }
  });

  it("refuses a state that is broken, and stays as it was", () => {
    const layer = ek.layers.batchNormalization();
    layer.apply(
      [
        [1, 2],
        [3, 5],
      ],
      { training: true },
    );
    layer.runningStats.openDomain("other");
    const state = layer.runningStats.getState();
    const before = layer.runningStats.snapshot();
    const broken: [object, string][] = [
      [{ exact: { mean: [1], variance: [1, 2], count: 2 } }, "not the state of 2 channels"],
      [{ pending: { mean: [1, 2, 3, 4.5], variance: [1, 2, 3, 4], count: 2 } }, "not the state of 2 channels"],
      [{ domains: { other: { weight: 3, batches: 0, count: 0 } } }, "weight is 3"],
      [{ domain: 5 }, "domain is 5"],
      [{ frozen: 1 }, "frozen is 1"],
      [{ weights: 1 }, 'did you mean "weight"?'],
    ];
    for (const [change, message] of broken) {
      expect(() => layer.runningStats.setState({ ...state, ...change })).toThrow(message);
    }
    expect(layer.runningStats.snapshot()).toEqual(before);
  });

  it("leaves frozen layers with the statistics they have", async () => {
    const { model, norms, x } = trained();
    norms[0]!.trainable = false;
    const before = stateOf(norms);
    await ek.stats.adaptDomain(model, x, { domain: "night" });
    expect(stateOf(norms)[0]).toEqual(before[0]);
    expect(norms.map(({ runningStats }) => runningStats.domain)).toEqual(["default", "night"]);
    norms[0]!.trainable = true;
    await ek.stats.adaptDomain(model, night(), { domain: "dusk" });
    const dusk = stateOf(norms);
    ek.stats.useDomain(model, "default");
    norms[0]!.trainable = false;
    await ek.stats.adaptDomain(model, x, { domain: "dusk" });
    expect(norms.map(({ runningStats }) => runningStats.domain)).toEqual(["dusk", "dusk"]);
    expect(stateOf(norms)[0]).toEqual(dusk[0]);
    ek.stats.useDomain(model, "night");
    expect(norms.map(({ runningStats }) => runningStats.domain)).toEqual(["default", "night"]);
    expect(stateOf(norms)[0]).toEqual(before[0]);
  });

  it("builds the model, and takes everything back when it fails", async () => {
    const layer = ek.layers.batchNormalization();
    const model = ek.sequential([layer, ek.layers.dense({ units: 2 }), ek.layers.batchNormalization()]);
    await expect(ek.stats.adaptDomain(model, [[1, 2]], { domain: "a", exact: true })).rejects.toThrow(
      "stats.adaptDomain: batch_normalization",
    );
    expect(layer.runningStats).toMatchObject({ domain: "default", domains: ["default"], weight: 0 });
    expect([...layer.runningStats.variance]).toEqual([1, 1]);
    await ek.stats.adaptDomain(model, ek.randomNormal([9, 2]), { domain: "a" });
    const [before, memory] = [layer.runningStats.snapshot(), ek.memory().numTensors];
    const saved = await model.save();
    const failing: [unknown, unknown, RegExp][] = [
      [[[1, 2]], { domain: "b", batchSize: 1 }, /^stats.adaptDomain: .*one value a channel/],
      [[[1, 2, 3]], { domain: "b" }, /takes \[null, 2\]/],
      [[[1, Number.NaN]], { domain: "a" }, /NaN at sample 0/],
      [[[1, 2]], { domain: "" }, /domain is ""; pass a name/],
      [[[1, 2]], {}, /domain is undefined/],
      [[[1, 2]], undefined, /domain is undefined/],
      [[[1, 2]], { domain: "b", batchsize: 2 }, /did you mean "batchSize"/],
    ];
    for (const [data, how, message] of failing) {
      await expect(ek.stats.adaptDomain(model, data as ek.Tensor, how as never)).rejects.toThrow(message);
    }
    expect(layer.runningStats.snapshot()).toEqual(before);
    expect(await model.save()).toEqual(saved);
    expect(ek.memory().numTensors).toBe(memory);
    const plain = ek.sequential([ek.layers.dense({ units: 1 })]);
    await expect(ek.stats.adaptDomain(plain, [[1]], { domain: "a" })).rejects.toThrow("thaw one");
  });
});

describe("stats.useDomain", () => {
  it("names the domains there are", async () => {
    const { model, norms } = trained();
    await ek.stats.adaptDomain(model, night(), { domain: "night" });
    expect(() => ek.stats.useDomain(model, "nigth")).toThrow(
      'stats.useDomain: unknown domain "nigth"; did you mean "night"? valid: default, night',
    );
    expect(() => norms[0]!.runningStats.useDomain("day")).toThrow("valid: night, default");
    expect(norms[0]!.runningStats.domain).toBe("night");
    ek.stats.useDomain(ek.sequential([ek.layers.dense({ units: 1 })]), "default");
  });
});

it("a step that throws leaves the domain where it was", async () => {
  const { model, norms, x } = trained();
  await ek.stats.adaptDomain(model, x, { domain: "night" });
  const before = norms[0]!.runningStats.snapshot();
  const loss = (): ek.Tensor => {
    ek.stats.useDomain(model, "default");
    throw new Error("no");
  };
  model.compile({ optimizer: "sgd", loss });
  expect(() => model.trainOnBatch(x, ek.zeros([24, 4]))).toThrow("no");
  expect(norms[0]!.runningStats.snapshot()).toEqual(before);
});
