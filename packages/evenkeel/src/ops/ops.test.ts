import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

describe("broadcasting", () => {
  it("follows NumPy, forward and backward", () => {
    const y = ek.add([[1], [2]], [10, 20, 30]);
    expect(y.arraySync()).toEqual([
      [11, 21, 31],
      [12, 22, 32],
    ]);
    const grads = ek.grads((a, b) => ek.mul(a, b))(
      [
        [[1], [2]],
        [10, 20, 30],
      ],
      ek.ones([2, 3]),
    );
    expect(grads.map((each) => each.arraySync())).toEqual([
      [[60], [60]],
      [3, 3, 3],
    ]);
    expect(() => ek.add([1, 2], [1, 2, 3])).toThrow("add: shapes [2] and [3] do not broadcast");
  });

  it("reads int32 as float32", () => {
    expect(ek.div(ek.tensor(new Uint8Array([1, 2])), 2).arraySync()).toEqual([0.5, 1]);
  });
});

describe("reductions", () => {
  const x = ek.tensor([
    [
      [1, 2],
      [3, 4],
    ],
    [
      [5, 6],
      [7, 8],
    ],
  ]);
  it.each([
    [undefined, false, 36],
    [
      0,
      false,
      [
        [6, 8],
        [10, 12],
      ],
    ],
    [
      -1,
      true,
      [
        [[3], [7]],
        [[11], [15]],
      ],
    ],
    [[0, 2], false, [14, 22]],
    [[0, 1], true, [[[16, 20]]]],
    [
      [],
      false,
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ],
    ],
  ])("sums over %j", (axis, keepDims, expected) => {
    expect(ek.sum(x, axis, keepDims).arraySync()).toEqual(expected);
  });

  it("takes means, extremes and places", () => {
    expect(ek.mean(x, [0, 1]).arraySync()).toEqual([4, 5]);
    expect(ek.max(x, 0).arraySync()).toEqual([
      [5, 6],
      [7, 8],
    ]);
    expect(ek.min(x).arraySync()).toBe(1);
    expect(
      ek
        .argMax([
          [1, 5, 5],
          [9, 2, 3],
        ])
        .arraySync(),
    ).toEqual([1, 0]);
    expect(
      ek
        .argMax(
          [
            [1, 5, 5],
            [9, 2, 3],
          ],
          0,
        )
        .arraySync(),
    ).toEqual([1, 0, 0]);
    expect(
      ek
        .grad((t) => ek.max(t))([1, 4, 4])
        .arraySync(),
    ).toEqual([0, 0.5, 0.5]);
    expect(() => ek.sum(x, 3)).toThrow("sum: axis 3 of a tensor of rank 3; use -3 to 2");
    expect(() => ek.sum(x, [0, -3])).toThrow("named twice");
  });

  it("takes a variance that survives a large mean", () => {
    const far = ek.add(ek.randomNormal([4096], 0, 1, "float32", 7), 1e4);
    const values = Array.from(far.dataSync());
    const center = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - center) * (b - center), 0) / values.length;
    expect(ek.moments(far).variance.dataSync()[0]! / variance).toBeCloseTo(1, 5);
  });
});

describe("shaping", () => {
  const x = ek.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  it("moves values around", () => {
    expect(ek.reshape(x, [3, -1]).arraySync()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(ek.transpose(x).arraySync()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(ek.transpose(ek.reshape(x, [1, 2, 3]), [2, 0, 1]).shape).toEqual([3, 1, 2]);
    expect(ek.slice(x, [0, 1], [2, 2]).arraySync()).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(ek.slice(x, 1).arraySync()).toEqual([[4, 5, 6]]);
    expect(ek.concat([x, [[7], [8]]], 1).arraySync()).toEqual([
      [1, 2, 3, 7],
      [4, 5, 6, 8],
    ]);
    expect(ek.pad([1, 2], [[1, 2]], 9).arraySync()).toEqual([9, 1, 2, 9, 9]);
    expect(ek.broadcastTo([[1], [2]], [2, 2]).arraySync()).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(ek.squeeze([[[1, 2]]]).shape).toEqual([2]);
    expect(ek.expandDims([1, 2], -1).shape).toEqual([2, 1]);
    expect(ek.gather(x, [1, 0, 1]).arraySync()).toEqual([
      [4, 5, 6],
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(ek.gather(x, [[2], [0]], 1).arraySync()).toEqual([
      [[3], [1]],
      [[6], [4]],
    ]);
    expect(ek.oneHot([2, 0], 3).arraySync()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(ek.cast([1.9, -1.9], "int32").arraySync()).toEqual([1, -1]);
  });

  const grouped = (groups: number, filter: number[]): ek.Tensor =>
    ek.fused.conv2d({ x: ek.ones([1, 4, 4, 2]), filter: ek.ones(filter), strides: 1, pad: 0, groups });

  it.each([
    [() => ek.reshape(x, [4, -1]), "reshape: [2, 3] to [4, -1]; choose sizes whose product is 6"],
    [() => ek.reshape(x, [-1, -1]), "at most one of them -1"],
    [() => ek.transpose(x, [0, 0]), "name each axis once"],
    [() => ek.slice(x, [0, 2], [1, 2]), "slice: [1, 2] from [0, 2] of [2, 3]; stay inside"],
    [() => ek.concat([x, [[1, 2]]], 1), "make type and all other axes equal"],
    [() => ek.concat([]), "pass at least one"],
    [() => ek.squeeze(x, 0), "axis 0 of [2, 3] is not 1"],
    [() => ek.gather(x, [2]), "index 2 at place 0"],
    [() => ek.gather(x, ek.tensor([0.5])), "make them int32"],
    [() => ek.oneHot([-1], 3), "index -1"],
    [() => ek.matMul(x, x), "matMul: [2, 3] · [2, 3]; the inner sizes 3 and 2 must be equal"],
    [() => ek.conv2d(ek.ones([1, 4, 4, 2]), ek.ones([3, 3, 1, 8])), "has 2 channels"],
    [() => ek.conv2d(ek.ones([1, 2, 2, 1]), ek.ones([3, 3, 1, 8])), "reaching over 3 on 2"],
    [() => ek.depthwiseConv2d(ek.ones([1, 4, 4, 2]), ek.ones([3, 3, 1, 8])), "depthwiseConv2d: x [1, 4, 4, 2] has 2"],
    [() => grouped(2, [3, 3, 2, 8]), "takes 4 in 2 groups"],
    [() => grouped(2, [3, 3, 1, 7]), "7 filters in 2 groups"],
    [() => grouped(0, [3, 3, 1, 7]), "groups is 0"],
    [() => ek.conv2d(ek.ones([4, 4, 1]), ek.ones([3, 3, 1, 8])), "use rank 4"],
    [() => ek.conv2d(ek.ones([1, 4, 4, 1]), ek.ones([3, 3, 1, 8]), 1, "sane" as "same"), 'did you mean "same"'],
    [() => ek.maxPool(ek.ones([1, 4, 4, 1]), 0), "an integer of at least 1"],
  ])("refuses what does not fit: %#", (run, message) => {
    expect(run).toThrow(message);
  });
});

describe("matMul", () => {
  const naive = (a: number[][], b: number[][]): number[][] =>
    a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
  const a = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  const b = [
    [1, 0, 2, 1],
    [0, 1, 1, 3],
    [2, 2, 0, 1],
  ];

  it("multiplies matrices in all transposes and batches", () => {
    const expected = naive(a, b);
    expect(ek.matMul(a, b).arraySync()).toEqual(expected);
    expect(ek.matMul(ek.transpose(a), b, true).arraySync()).toEqual(expected);
    expect(ek.matMul(a, ek.transpose(b), false, true).arraySync()).toEqual(expected);
    expect(ek.matMul(ek.transpose(a), ek.transpose(b), true, true).arraySync()).toEqual(expected);
    expect(ek.matMul([a, a], b).arraySync()).toEqual([expected, expected]);
    const fused = ek.fused.matMul({ a, b, bias: [-9, 0, 0, -99], activation: "relu" }).arraySync();
    expect(fused).toEqual(expected.map(([p, q, r, s]) => [Math.max(p! - 9, 0), q, r, Math.max(s! - 99, 0)]));
  });
});
