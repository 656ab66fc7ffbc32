import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

const { layers } = ek;

describe("groups", () => {
  it("cuts channels into groups as Keras does", () => {
    const x = ek.tensor(
      Array.from({ length: 64 }, (_, i) => i),
      [2, 4, 4, 2],
    );
    const kernel = ek.tensor(Array.from({ length: 36 }, (_, i) => i));
    const depthwise = layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, useBias: false });
    const grouped = layers.conv2d({ filters: 4, kernelSize: 3, groups: 2, useBias: false });
    for (const [layer, shape] of [
      [depthwise, [3, 3, 2, 2]],
      [grouped, [3, 3, 1, 4]],
    ] as const) {
      layer.build(x.shape);
      layer.setWeights([ek.reshape(kernel, [...shape])]);
      // From Keras 3.15.1.
      expect(ek.slice(layer.apply(x), [0, 0, 0, 0], [1, 1, 1, 4]).dataSync()).toEqual(
        new Float32Array([2064, 2154, 2406, 2505]),
      );
    }
  });

  it.each(["valid", "same"])("have the shapes that apply gives, in both formats: %s", (padding) => {
    for (const dataFormat of ["channelsLast", "channelsFirst"]) {
      const options = { padding, dataFormat, kernelSize: 3 };
      for (const layer of [
        layers.conv2d({ ...options, filters: 4, groups: 2 }),
        layers.depthwiseConv2d({ ...options, depthMultiplier: 2, strides: [2, 1] }),
      ]) {
        const wanted = layer.computeOutputShape([2, 8, 7, 6]);
        expect(layer.apply(ek.ones([2, 8, 7, 6])).shape).toEqual([...wanted]);
      }
    }
  });

  it.each([
    [
      () => layers.conv2d({ filters: 3, kernelSize: 1, groups: 2 }),
      "conv2d: 3 filters in 2 groups; use a multiple of 2",
    ],
    [() => layers.conv2d({ filters: 4, kernelSize: 1, groups: 2 }).build([1, 2, 2, 3]), "3 channels in 2 groups"],
    [() => layers.conv2d({ filters: 4, kernelSize: 1, groups: 0 }), "groups is 0"],
    [() => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 0 }), "depthMultiplier is 0"],
  ])("refuse %o", (make, message) => {
    expect(make).toThrow(message);
  });
});
