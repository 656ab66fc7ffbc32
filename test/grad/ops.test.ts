import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { checkGradients, derivative } from "./finite-differences.ts";
import { apart, awayFromZero, normal, plusMinus3, positive, small } from "./inputs.ts";

type Op = (...xs: ek.Tensor[]) => ek.Tensor;
/** The name of the op, what is special about the case, the op, and its inputs. */
type Case = [op: keyof typeof ek, about: string, f: Op, inputs: () => ek.Tensor[]];

const unary: Case[] = [
  ["neg", "", ek.neg, () => [normal([7])]],
  ["abs", "", ek.abs, () => [awayFromZero([2, 5])]],
  ["square", "", ek.square, () => [normal([7])]],
  ["sqrt", "", ek.sqrt, () => [positive([7])]],
  ["exp", "", ek.exp, () => [normal([7])]],
  ["log", "", ek.log, () => [positive([7])]],
  ["relu", "", ek.relu, () => [awayFromZero([13])]],
  ["tanh", "", ek.tanh, () => [normal([7])]],
  ["sigmoid", "", ek.sigmoid, () => [normal([7])]],
  ["reciprocal", "", ek.reciprocal, () => [positive([7])]],
  ["rsqrt", "", ek.rsqrt, () => [positive([7])]],
  ["erf", "", ek.erf, () => [normal([7])]],
  ["softplus", "", ek.softplus, () => [normal([7])]],
];

const [tall, wide] = [
  [2, 3, 1],
  [3, 4],
] as const;
const binary: Case[] = (["add", "sub", "mul", "squaredDifference"] as const).flatMap((name): Case[] => [
  [name, "of equal shapes", (a, b) => call(name, a, b), () => [normal([2, 5]), normal([2, 5], 2)]],
  [name, "broadcast", (a, b) => call(name, a, b), () => [normal([...tall]), normal([...wide], 2)]],
]);
binary.push(
  ["div", "broadcast", (a, b) => ek.div(a, b), () => [normal([...tall]), positive([...wide], 2)]],
  ["maximum", "broadcast", (a, b) => ek.maximum(a, b), halves],
  ["minimum", "broadcast", (a, b) => ek.minimum(a, b), halves],
  ["pow", "broadcast", (a, b) => ek.pow(a, b), () => [positive([...tall]), normal([...wide], 2)]],
  ["mul", "of a tensor with itself", (a) => ek.mul(a, a), () => [normal([5])]],
);

function call(name: "add" | "sub" | "mul" | "squaredDifference", a: ek.Tensor, b: ek.Tensor): ek.Tensor {
  return { add: ek.add, sub: ek.sub, mul: ek.mul, squaredDifference: ek.squaredDifference }[name](a, b);
}

/** Two operands of which each is the larger one in places, never nearly equal. */
function halves(): ek.Tensor[] {
  const all = apart([18]);
  return [ek.reshape(ek.slice(all, 0, 6), [...tall]), ek.reshape(ek.slice(all, 6, 12), [...wide])];
}

const products: Case[] = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB): Case => {
    const shapes = [transposeA ? [4, 3] : [3, 4], transposeB ? [5, 4] : [4, 5]];
    const f: Op = (a, b) => ek.matMul(a, b, transposeA, transposeB);
    return ["matMul", `transposed: ${transposeA}, ${transposeB}`, f, () => [normal(shapes[0]!), normal(shapes[1]!, 2)]];
  }),
);
const fusedMatMul: Op = (a, b, bias) => ek.fused.matMul({ a: a, b: b, bias, activation: "relu" });
products.push(
  ["matMul", "of batches", (a, b) => ek.matMul(a, b), () => [normal([2, 1, 3, 4]), normal([3, 4, 2], 2)]],
  [
    "matMul",
    "of batches, transposed",
    (a, b) => ek.matMul(a, b, true, true),
    () => [normal([3, 4, 2]), normal([2, 1, 5, 4], 2)],
  ],
  ["fused", "matMul, bias and relu", fusedMatMul, () => [small([6, 5]), small([5, 4], 2), plusMinus3(4)]],
  ["fused", "matMul, many rows", fusedMatMul, () => [small([33, 7]), small([7, 9], 2), plusMinus3(9)]],
);

const image = [2, 6, 5, 3];
const convolutions: Case[] = [
  ["conv2d", "valid", (x, w) => ek.conv2d(x, w), () => [normal(image), normal([3, 2, 3, 4], 2)]],
  [
    "conv2d",
    "strided, same",
    (x, w) => ek.conv2d(x, w, [2, 1], "same"),
    () => [normal(image), normal([3, 3, 3, 4], 2)],
  ],
  [
    "conv2d",
    "dilated, padded on each side",
    (x, w) =>
      ek.conv2d(
        x,
        w,
        1,
        [
          [1, 0],
          [2, 1],
        ],
        "NHWC",
        [2, 1],
      ),
    () => [normal(image), normal([2, 3, 3, 2], 2)],
  ],
  [
    "conv2d",
    "channels first",
    (x, w) => ek.conv2d(x, w, 1, 1, "NCHW"),
    () => [normal([2, 3, 5, 4]), normal([3, 3, 3, 2], 2)],
  ],
  ["conv2d", "1 by 1", (x, w) => ek.conv2d(x, w), () => [normal(image), normal([1, 1, 3, 4], 2)]],
  ["conv2d", "1 by 1, strided", (x, w) => ek.conv2d(x, w, 2), () => [normal(image), normal([1, 1, 3, 8], 2)]],
  ["conv2d", "8 filters", (x, w) => ek.conv2d(x, w, 1, "same"), () => [normal(image), normal([3, 3, 3, 8], 2)]],
  ["conv2d", "many channels", (x, w) => ek.conv2d(x, w), () => [normal([1, 4, 4, 17]), normal([3, 3, 17, 3], 2)]],
  [
    "conv2d",
    "3 by 3 with 8 channels of a large image",
    (x, w) => ek.conv2d(x, w, 1, "same"),
    () => [normal([2, 14, 13, 8]), normal([3, 3, 8, 8], 2)],
  ],
  [
    "fused",
    "conv2d in groups",
    (x, filter) => ek.fused.conv2d({ x: x, filter: filter, strides: 1, pad: "same", groups: 3 }),
    () => [normal([2, 4, 5, 6]), normal([3, 3, 2, 9], 2)],
  ],
  [
    "depthwiseConv2d",
    "same",
    (x, w) => ek.depthwiseConv2d(x, w, 1, "same"),
    () => [normal(image), normal([3, 3, 3, 1], 2)],
  ],
  [
    "depthwiseConv2d",
    "strided, two filters a channel, channels first",
    (x, w) => ek.depthwiseConv2d(x, w, [2, 1], 1, "NCHW"),
    () => [normal([2, 5, 6, 4]), normal([3, 2, 5, 2], 2)],
  ],
  [
    "fused",
    "conv2d, bias and relu",
    (x, filter, bias) => ek.fused.conv2d({ x: x, filter: filter, strides: 1, pad: "same", bias, activation: "relu" }),
    () => [small([1, 4, 4, 2]), small([3, 3, 2, 6], 2), plusMinus3(6)],
  ],
];

const pools: Case[] = (["maxPool", "avgPool"] as const).flatMap((name): Case[] => {
  const pool = { maxPool: ek.maxPool, avgPool: ek.avgPool }[name];
  return [
    [name, "side by side", (x) => pool(x, 2), () => [apart([2, 4, 6, 3])]],
    [name, "overlapping, same", (x) => pool(x, 3, [2, 1], "same"), () => [apart([2, 5, 4, 2])]],
    [name, "channels first", (x) => pool(x, [2, 1], 2, "valid", "NCHW"), () => [apart([2, 3, 5, 4])]],
  ];
});

const softmaxes: Case[] = [
  ["softmax", "last axis", (x) => ek.softmax(x), () => [normal([3, 5])]],
  ["softmax", "first axis", (x) => ek.softmax(x, 0), () => [normal([4, 2, 3])]],
  ["logSoftmax", "last axis", (x) => ek.logSoftmax(x), () => [normal([3, 5])]],
  ["logSoftmax", "middle axis", (x) => ek.logSoftmax(x, 1), () => [normal([2, 4, 3])]],
  ["softmaxCrossEntropy", "", (t, z) => ek.softmaxCrossEntropy(t, z), () => [positive([4, 5]), normal([4, 5], 2)]],
];

const reductions: Case[] = (["sum", "mean", "max", "min"] as const).flatMap((name): Case[] => {
  const fold = { sum: ek.sum, mean: ek.mean, max: ek.max, min: ek.min }[name];
  return [
    [name, "of all", (x) => fold(x), () => [apart([3, 4])]],
    [name, "of the last axis", (x) => fold(x, -1, true), () => [apart([2, 3, 4])]],
    [name, "of two axes apart", (x) => fold(x, [0, 2]), () => [apart([3, 2, 4])]],
  ];
});

const indices = ek.tensor(new Int32Array([2, 0, 2]), [3]);
const shaping: Case[] = [
  ["reshape", "", (x) => ek.reshape(x, [3, -1]), () => [normal([2, 6])]],
  ["flatten", "", (x) => ek.flatten(x), () => [normal([2, 3])]],
  ["expandDims", "", (x) => ek.expandDims(x, 1), () => [normal([2, 3])]],
  ["squeeze", "", (x) => ek.squeeze(x), () => [normal([1, 3, 1])]],
  ["transpose", "", (x) => ek.transpose(x, [2, 0, 1]), () => [normal([2, 3, 4])]],
  ["broadcastTo", "", (x) => ek.broadcastTo(x, [2, 3, 4]), () => [normal([3, 1])]],
  ["slice", "", (x) => ek.slice(x, [1, 0, 2], [1, 2, -1]), () => [normal([3, 2, 4])]],
  ["concat", "", (a, b) => ek.concat([a, b, a], 1), () => [normal([2, 3]), normal([2, 1], 2)]],
  [
    "pad",
    "",
    (x) =>
      ek.pad(
        x,
        [
          [1, 2],
          [0, 1],
        ],
        5,
      ),
    () => [normal([2, 3])],
  ],
  ["gather", "rows, one twice", (x) => ek.gather(x, indices), () => [normal([4, 3])]],
  ["gather", "another axis", (x) => ek.gather(x, indices, 1), () => [normal([2, 3, 2])]],
];

const norms: Case[] = [
  [
    "batchNorm",
    "",
    (x, mean, variance, offset, scale) => ek.batchNorm(x, mean, variance, offset, scale, 0.1),
    () => [normal([3, 4]), normal([4], 2), positive([4]), normal([4], 3), normal([4], 4)],
  ],
  [
    "layerNorm",
    "two axes",
    (x, gamma, beta) => ek.layerNorm(x, { axis: [1, 2], gamma, beta }),
    () => [normal([3, 2, 4]), positive([2, 4]), normal([2, 4], 2)],
  ],
  ["layerNorm", "an inner axis", (x) => ek.layerNorm(x, { axis: 1 }), () => [normal([3, 5, 2])]],
  ["rmsNorm", "", (x, gamma) => ek.rmsNorm(x, { gamma }), () => [normal([3, 4]), positive([4])]],
  [
    "groupNorm",
    "",
    (x, gamma, beta) => ek.groupNorm(x, { groups: 2, gamma, beta }),
    () => [normal([2, 3, 4]), positive([4]), normal([4], 2)],
  ],
  [
    "localResponseNormalization",
    "",
    (x) => ek.localResponseNormalization(x, 1, 1, 0.5, 0.75),
    () => [normal([2, 3, 5])],
  ],
  ["moments", "mean", (x) => ek.moments(x, [0, 1]).mean, () => [normal([3, 2, 4])]],
  ["moments", "variance", (x) => ek.moments(x, [0, 2]).variance, () => [normal([3, 2, 4])]],
];

const cases = [unary, binary, products, convolutions, pools, softmaxes, reductions, shaping, norms].flat();

describe("gradients agree with finite differences", () => {
  it.each(cases)("%s %s", (_, __, f, inputs) => ek.tidy(() => checkGradients(f, inputs())));
});

describe("the check itself", () => {
  it("is exact for a polynomial of degree 4", () => {
    expect(derivative((t) => 3 * t + t ** 3 - 2 * t ** 4)).toBeCloseTo(3, 12);
  });

  it("finds a gradient that is off by 2 % in one place, or that ignores its cotangent", () => {
    const wrong = (factor: number[], usesCotangent = true): Op => {
      const f = ek.customGrad((x) => ({
        value: ek.square(x),
        gradFunc: (dy) => ek.mul(ek.mul(x, 2), usesCotangent ? ek.mul(dy, factor) : factor),
      }));
      return (x) => f(x);
    };
    ek.tidy(() => {
      const x = normal([4]);
      checkGradients(wrong([1, 1, 1, 1]), [x]);
      expect(() => checkGradients(wrong([1, 1.02, 1, 1]), [x])).toThrow("input 0");
      expect(() => checkGradients(wrong([1, 1, 1, 1], false), [x])).toThrow("input 0");
    });
  });

  it("leaves out no op that has a gradient", () => {
    const others = new Set<string>(
      [
        // tensors, scopes and gradients
        "Tensor Variable memory config setThreads dispose keep tidy",
        "fill ones onesLike scalar tensor zeros zerosLike variable",
        "randomNormal randomUniform setSeed truncatedNormal",
        "customGrad grad grads valueAndGrad valueAndGrads variableGrads",
        "ArgumentError DataError DisposedError EvenkeelError OutOfMemoryError ShapeError",
        // no gradient flows through these
        "sign equal greater less greaterEqual lessEqual argMax oneHot cast",
        // made of ops and layers, and tested with those
        "toCategorical sequential Sequential loadModel foldBatchNorm diagnose",
      ].flatMap((names) => names.split(" ")),
    );
    const tested = new Set<string>(cases.map(([name]) => name));
    const missing = Object.entries(ek).filter(([, value]) => typeof value === "function");
    expect(missing.map(([name]) => name).filter((name) => !tested.has(name) && !others.has(name))).toEqual([]);
    expect(Object.keys(ek.fused).toSorted()).toEqual(["conv2d", "matMul"]);
  });
});
