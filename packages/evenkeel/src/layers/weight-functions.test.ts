import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { getConstraint, getRegularizer } from "./get-weight-function.ts";

const { constraints, layers, regularizers } = ek;

const w = ek.tensor([
  [3, -1],
  [4, 0],
]);
const penaltyOf = (given: ek.RegularizerLike, x = w): number => getRegularizer("test", given)!.apply(x).dataSync()[0]!;
const brought = (given: ek.ConstraintLike, x = w): number[] => [...getConstraint("test", given)!.apply(x).dataSync()];

function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 6));
}

describe("regularizers", () => {
  it.each<[ek.RegularizerLike, number]>([
    ["l1", 0.08],
    ["L2", 0.26],
    [regularizers.l1(2), 16],
    [regularizers.l2({ l2: 0.5 }), 13],
    // Keras's defaults of L1L2 are 0.
    ["l1_l2", 0],
    [regularizers.l1l2({ l1: 0.5 }), 4],
    [regularizers.l1l2({ l1: 1, l2: 2 }), 60],
    [{ class_name: "L1L2", config: { l1: 0, l2: 0.25 } }, 6.5],
    // Between the rows (3, -1) and (4, 0): 12/(√10·4). Between the columns (3, 4) and (-1, 0): -3/5.
    ["orthogonal_regularizer", 0.01 * (12 / Math.sqrt(160))],
    [regularizers.orthogonalRegularizer({ factor: 1, mode: "columns" }), 0.6],
    [{ class_name: "OrthogonalRegularizer", config: { factor: 2, mode: "columns" } }, 1.2],
    [(x): ek.Tensor => ek.sum(x), 6],
    [{ apply: (x): ek.Tensor => ek.mul(ek.sum(x), 2) }, 12],
  ])("%o gives %d", (given, wanted) => {
    expect(penaltyOf(given)).toBeCloseTo(wanted, 6);
  });

  it("take vectors of zeros, and a single one, as orthogonal to the others", () => {
    const f = regularizers.orthogonalRegularizer();
    const zeros = ek.tensor([
      [0, 0],
      [1, 2],
    ]);
    expect(penaltyOf(f, zeros)).toBe(0);
    expect(ek.grad(f.apply)(zeros).arraySync()).not.toContainEqual([NaN, NaN]);
    expect(penaltyOf(f, ek.tensor([[1, 2]]))).toBe(0);
  });

  it.each<[string, ek.Regularizer]>([
    ["l1", regularizers.l1(0.3)],
    ["l2", regularizers.l2(0.3)],
    ["l1l2", regularizers.l1l2({ l1: 0.2, l2: 0.4 })],
    ["rows", regularizers.orthogonalRegularizer(2)],
    ["columns", regularizers.orthogonalRegularizer({ factor: 2, mode: "columns" })],
  ])("have the gradient of finite differences: %s", (_, f) => {
    // Away from the kinks at 0.
    const x = ek.tensor([
      [0.7, -1.1, 0.4],
      [-0.5, 0.9, 1.3],
      [1.2, 0.6, -0.8],
      [0.3, -0.4, 0.9],
    ]);
    const direction = ek.randomNormal(x.shape, 0, 1, "float32", 3);
    const slope = ek.sum(ek.mul(ek.grad(f.apply)(x), direction)).dataSync()[0]!;
    const at = (step: number): number => f.apply(ek.add(x, ek.mul(direction, step))).dataSync()[0]!;
    expect(Math.abs((at(0.01) - at(-0.01)) / 0.02 - slope)).toBeLessThan(1e-3 * Math.max(1, Math.abs(slope)));
  });
});

describe("constraints", () => {
  const [first, second] = [5, 1];

  it.each<[ek.ConstraintLike, number[]]>([
    // By default the norms are those of the columns, (3, 4) and (-1, 0), as Keras has it.
    ["max_norm", [(3 * 2) / first, -1, (4 * 2) / first, 0]],
    [constraints.maxNorm(3), [(3 * 3) / first, -1, (4 * 3) / first, 0]],
    [constraints.maxNorm({ maxValue: 2, axis: 1 }), [6 / Math.sqrt(10), -2 / Math.sqrt(10), 2, 0]],
    [constraints.maxNorm({ maxValue: 2, axis: [0, 1] }), [3, -1, 4, 0].map((x) => (2 * x) / Math.sqrt(26))],
    ["nonNeg", [3, 0, 4, 0]],
    ["UnitNorm", [3 / first, -1 / second, 4 / first, 0]],
    ["minMaxNorm", [3 / first, -1, 4 / first, 0]],
    [constraints.minMaxNorm({ minValue: 2, maxValue: 4 }), [12 / 5, -2, 16 / 5, 0]],
    [constraints.minMaxNorm({ minValue: 2, maxValue: 4, rate: 0.5 }), [(3 * 4.5) / 5, -1.5, (4 * 4.5) / 5, 0]],
    [{ class_name: "MaxNorm", config: { max_value: 1, axis: [0] } }, [3 / first, -1, 4 / first, 0]],
    [(x): ek.Tensor => ek.minimum(x, 2), [2, -1, 2, 0]],
  ])("%o", (given, wanted) => {
    expectClose(brought(given), wanted);
  });

  it("leave zeros as they are", () => {
    for (const name of ["maxNorm", "nonNeg", "unitNorm", "minMaxNorm"]) {
      expect(brought(name, ek.zeros([2, 2]))).toEqual([0, 0, 0, 0]);
    }
  });

  it("hold after each update, and only for what was updated", () => {
    const constraint = (x: ek.Tensor): ek.Tensor => ek.relu(x);
    const [a, b] = ["a", "b"].map((name) => ek.variable([1, -1], { name }));
    Object.assign(a!, { constraint });
    Object.assign(b!, { constraint });
    const optimizer = ek.optimizers.sgd({ learningRate: 1 });
    const before = ek.memory().numTensors;
    optimizer.applyGradients({ a: ek.keep(ek.tensor([2, -3])) }, [a!]);
    expect(ek.memory().numTensors).toBe(before + 1);
    expect(a!.arraySync()).toEqual([0, 2]);
    expect(b!.arraySync()).toEqual([1, -1]);
  });
});

describe("configs", () => {
  it("are Keras's", () => {
    const config = (name: string, options: object): object => ({ class_name: name, config: options });
    expect(regularizers.l1l2({ l2: 3 }).toJSON()).toEqual({
      module: "keras.regularizers",
      ...config("L1L2", { l1: 0, l2: 3 }),
      registered_name: null,
    });
    expect(regularizers.l1().toJSON()).toMatchObject(config("L1", { l1: 0.01 }));
    expect(regularizers.l2().toJSON()).toMatchObject(config("L2", { l2: 0.01 }));
    expect(regularizers.orthogonalRegularizer().toJSON()).toMatchObject(
      config("OrthogonalRegularizer", { factor: 0.01, mode: "rows" }),
    );
    expect(constraints.maxNorm().toJSON()).toEqual({
      module: "keras.constraints",
      ...config("MaxNorm", { max_value: 2, axis: 0 }),
      registered_name: null,
    });
    expect(constraints.nonNeg().toJSON()).toMatchObject(config("NonNeg", {}));
    expect(constraints.unitNorm({ axis: [0, 1] }).toJSON()).toMatchObject(config("UnitNorm", { axis: [0, 1] }));
    const range = { min_value: 0, max_value: 1, rate: 1, axis: 0 };
    expect(constraints.minMaxNorm().toJSON()).toMatchObject(config("MinMaxNorm", range));
  });

  const l2 = regularizers.l2(0.5).toJSON();
  const nonNeg = constraints.nonNeg().toJSON();
  const affine = { gamma_regularizer: l2, beta_regularizer: "l1", gamma_constraint: nonNeg, beta_constraint: null };

  it.each([
    ["Dense", "kernel", { units: 2 }],
    ["Conv2D", "kernel", { filters: 2, kernel_size: 1 }],
    ["DepthwiseConv2D", "depthwise", { kernel_size: 1 }],
    ["BatchNormalization", "gamma", {}],
    ["LayerNormalization", "gamma", {}],
    ["GroupNormalization", "gamma", { groups: 1 }],
  ])("of %s are read and written back", (class_name, weight, config) => {
    const own = {
      [`${weight}_regularizer`]: l2,
      [`${weight}_constraint`]: nonNeg,
      bias_regularizer: "l1",
      bias_constraint: null,
    };
    const layer = layers.deserialize({ class_name, config: { ...config, ...(weight === "gamma" ? affine : own) } });
    const other = weight === "gamma" ? "beta" : "bias";
    expect(layer.getConfig()).toMatchObject({
      [`${weight}_regularizer`]: l2,
      [`${weight}_constraint`]: nonNeg,
      [`${other}_regularizer`]: regularizers.l1().toJSON(),
      [`${other}_constraint`]: null,
    });
    layer.build([null, 4, 4, 3]);
    const [first, second] = layer.weights;
    layer.weights.forEach((variable) => variable.assign(ek.fill(variable.shape, -2)));
    expect(layer.losses.map((one) => one.arraySync())).toEqual([2 * first!.size, 0.01 * 2 * second!.size].map(closeTo));
    expect([first!.constraint!(first!).dataSync()[0], second!.constraint]).toEqual([0, undefined]);
    layer.trainable = false;
    expect(layer.losses).toEqual([]);
  });

  it.each<[object, string]>([
    [{ kernelRegularizer: "l3" }, 'dense: unknown regularizer "l3"; did you mean'],
    [{ kernelRegularizer: 0.1 }, "dense: the regularizer is 0.1; use a name or one of ek.regularizers"],
    [{ biasConstraint: { class_name: "MaxNorm", config: { max: 1 } } }, 'config key "max"'],
    [{ biasConstraint: {} }, "dense: constraint: an object (Object); pass { class_name, config }"],
    [{ kernelRegularizers: "l2" }, 'unknown option "kernelRegularizers"; did you mean "kernelRegularizer"?'],
  ])("refuse %o", (options, message) => {
    expect(() => layers.dense({ units: 2, ...options })).toThrow(message);
  });

  it("refuse numbers that are out of range", () => {
    expect(() => regularizers.l2(-1)).toThrow("l2: l2 is -1; use a number of at least 0");
    expect(() => regularizers.l1l2({ l1: NaN })).toThrow("l1l2: l1 is NaN");
    expect(() => regularizers.orthogonalRegularizer({ mode: "row" })).toThrow('mode "row"; did you mean "rows"?');
    expect(() => constraints.maxNorm({ axis: 0.5 })).toThrow("maxNorm: axis is 0.5");
    expect(() => constraints.minMaxNorm({ rate: 2 })).toThrow("minMaxNorm: rate is 2; use a number from 0 to 1");
    expect(() => constraints.nonNeg({ axis: 0 })).toThrow('nonNeg: unknown option "axis"');
  });

  it("show in the first build what does not fit a weight, and leave the layer as it was", () => {
    const built = (options: object) => () => {
      const layer = layers.dense({ units: 2, ...options });
      try {
        layer.build([null, 3]);
      } finally {
        expect([layer.built, layer.weights]).toEqual([false, []]);
      }
    };
    expect(built({ biasConstraint: constraints.maxNorm({ axis: 1 }) })).toThrow("axis 1");
    expect(built({ biasRegularizer: "orthogonalRegularizer" })).toThrow("orthogonalRegularizer: the weight is [2]");
    expect(built({ kernelRegularizer: (x: ek.Tensor) => x })).toThrow(
      "dense: the regularizer of kernel: [3, 2]; return a tensor []",
    );
    expect(built({ kernelConstraint: () => 3 })).toThrow("dense: the constraint of kernel: 3; return a tensor [3, 2]");
  });
});

function closeTo(value: number): unknown {
  return expect.closeTo(value, 5);
}
