import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { RandomStream } from "./random.ts";

const draw = (stream: RandomStream): ek.Tensor[] => [
  stream.uniform([5]),
  stream.normal([2, 3]),
  stream.truncatedNormal([7], 1, 2),
];

describe("random numbers", () => {
  const eager = new RandomStream(3);
  const expected = [eager.uniform([5]).dataSync(), eager.normal([2, 3]).dataSync()];
  expected.push(eager.truncatedNormal([7], 1, 2).dataSync());

  it("are the same in whatever order they are read", () => {
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ]) {
      const drawn = draw(new RandomStream(3));
      for (const i of order) expect(drawn[i]!.dataSync()).toEqual(expected[i]);
    }
  });

  it("keep their place in the stream, whatever becomes of it before they are read", () => {
    const stream = new RandomStream(3);
    const drawn = draw(stream);
    expect(stream.state).toEqual(eager.state);
    stream.state = { seed: 9, counter: 100 };
    stream.bits(6);
    expect(drawn.map((x) => x.dataSync())).toEqual(expected);
  });
});

describe("initial weights", () => {
  const build = (): ek.Sequential => {
    ek.setSeed(5);
    return ek.sequential([
      ek.layers.dense({ units: 3, kernelInitializer: "heNormal", inputShape: [4] }),
      ek.layers.dense({ units: 2 }),
    ]);
  };
  const valuesOf = (weights: readonly ek.Tensor[]): Float32Array[] => weights.map((weight) => weight.dataSync());

  it("are those of copies and files that were made before anybody read them", async () => {
    const model = build();
    const copies = model.getWeights();
    const expected = valuesOf(build().weights);
    expect(valuesOf((await ek.loadModel(await build().save())).weights)).toEqual(expected);
    expect(valuesOf(copies)).toEqual(expected);
    expect(valuesOf(model.weights)).toEqual(expected);
  });

  it("do not depend on what becomes of weights before them", () => {
    const expected = valuesOf(build().weights);
    const model = build();
    model.layers[0]!.setWeights([ek.zeros([4, 3]), ek.zeros([3])]);
    expect(valuesOf(model.weights)).toEqual([new Float32Array(12), new Float32Array(3), ...expected.slice(2)]);
  });
});
