import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const nan = Number.NaN;
const table = [
  [0, 7, 4],
  [2, 9, 6],
  [0, 7, 4],
  [2, 9, 6],
];
const ofTable = [[1, 8, 5], [1, 1, 1], 4];

const statistics = (layer: ek.Layer): unknown[] => layer.getWeights().map((weight) => weight.arraySync());

describe("data of adapt", () => {
  const whole = ek.tensor(table);
  const parts = [ek.tensor(table.slice(0, 1)), ek.tensor(table.slice(1))];
  async function* stream(): AsyncGenerator<ek.InputBatch> {
    for (const part of parts) yield [part, ek.zeros([part.shape[0]!])];
  }
  function* rows(): Generator<ek.InputBatch> {
    for (const row of table) yield [row];
  }
  const typed = new Uint8Array(table.flat());

  it.each<[string, ek.InputData, ek.NormalizationOptions?]>([
    ["a tensor", whole],
    ["int32", ek.tensor(typed, [4, 3])],
    ["values with a shape", { values: typed, shape: [4, 3] }],
    ["a typed array", typed, { inputShape: [3] }],
    ["an array of tensors", parts],
    ["batches [x, y] of an async iterable", stream()],
    ["nested arrays of a generator", rows()],
    ["a set", new Set(parts)],
    [
      "a ReadableStream",
      new ReadableStream({
        start: (controller) => {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      }),
    ],
  ])("is read from %s", async (_, data, options) => {
    const layer = ek.layers.normalization(options);
    await layer.adapt(data);
    expect(statistics(layer)).toEqual(ofTable);
  });

  it("stays the caller's, and nothing else is left", async () => {
    const layer = ek.layers.normalization();
    await layer.adapt(whole);
    const before = ek.memory().numTensors;
    await layer.adapt(parts);
    expect(ek.memory().numTensors).toBe(before);
    expect(parts.map(({ isDisposed }) => isDisposed)).toEqual([false, false]);
  });

  it.each<[string, ek.InputData, string, ek.NormalizationOptions?]>([
    [
      "NaN",
      [
        [1, 2],
        [3, nan],
      ],
      "normalization.adapt: NaN in feature 1; fill in a number",
    ],
    ["infinity", [[-Infinity, 2]], "-Infinity in feature 0", { missing: "ignore" }],
    ["infinity of logarithms", [[Infinity, 2]], "Infinity in feature 0", { missing: "ignore", method: "log" }],
    ["a feature without values", [[nan, 2]], "feature 0 has no values", { missing: "ignore" }],
    ["none of a median", [[nan, 2]], "feature 0 has no values", { missing: "ignore", method: "robust" }],
    ["none of a range", [[nan, 2]], "feature 0 has no values", { missing: "ignore", method: "minMax" }],
    ["a variance beyond float32", [[3e38], [-3e38]], "feature 0 has no values, or too large ones for float32"],
    ["other features", [ek.ones([2, 3]), ek.ones([2, 2])], "a batch [2, 2] after [2, 3]; keep the features alike"],
    ["another rank", [ek.ones([2, 3]), ek.ones([2, 3, 3])], "a batch [2, 3, 3] after [2, 3]"],
    ["no batches", new Set<ek.Tensor>(), "normalization.adapt: no batches came; pass at least one"],
    ["no samples", [], "the data is [0], which is empty"],
    ["one number", 3, "the data is a single number"],
    ["nothing", null as unknown as ek.InputData, "the data is null; pass the data"],
    ["an axis that is not there", [[1]], "axis 2 of a tensor of rank 2", { axis: 2 }],
  ])("refuses %s", async (_, data, message, options) => {
    const layer = ek.layers.normalization(options);
    const tensors = ek.memory().numTensors;
    await expect(layer.adapt(data)).rejects.toThrow(message);
    expect([layer.built, ek.memory().numTensors]).toEqual([false, tensors]);
  });

  it("that throws on its way, or has other features, leaves the statistics", async () => {
    const layer = ek.layers.normalization();
    await layer.adapt(whole);
    let closed = false;
    async function* broken(): AsyncGenerator<ek.InputBatch> {
      try {
        yield [[5, 5, 5]];
        yield [[5, nan, 5]];
      } finally {
        closed = true;
      }
    }
    async function* failing(): AsyncGenerator<ek.InputBatch> {
      yield [[5, 5, 5]];
      throw new Error("the disk is full");
    }
    await expect(layer.adapt(broken())).rejects.toThrow("NaN in feature 1");
    expect(closed).toBe(true);
    await expect(layer.adapt(failing())).rejects.toThrow("the disk is full");
    let batches = 0;
    function* narrow(): Generator<ek.InputBatch> {
      for (; batches < 5; batches++) yield [[1, 2]];
    }
    await expect(layer.adapt(narrow())).rejects.toThrow("it was built for 3 on axis 1");
    expect(batches).toBe(0);
    expect(statistics(layer)).toEqual(ofTable);
  });
});
