import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { deserializeLoss, deserializeMetric, findLoss, findMetric } from "./identifiers.ts";
import * as losses from "./losses.ts";
import * as metrics from "./metrics.ts";

const p = [
  [0.7, 0.2, 0.1],
  [0.1, 0.3, 0.6],
];
const t = [
  [1, 0, 0],
  [0, 0.5, 0.5],
];
const z = [
  [2, -1, 0.5],
  [100, 0, -100],
];
const value = (x: ek.Tensor) => x.dataSync()[0]!;
const average = (values: number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
const crossentropy = (targets: number[][], predictions: number[][]) =>
  average(targets.map((row, i) => -row.reduce((sum, each, j) => sum + each * Math.log(predictions[i]![j]!), 0)));
const softmax = (rows: number[][]) =>
  rows.map((row) => {
    const shifted = row.map((each) => Math.exp(each - Math.max(...row)));
    return shifted.map((each) => each / shifted.reduce((sum, x) => sum + x, 0));
  });

describe("losses", () => {
  it("categorical crossentropy, from probabilities and from logits", () => {
    expect(value(losses.categoricalCrossentropy(t, p))).toBeCloseTo(crossentropy(t, p), 6);
    const scaled = p.map((row) => row.map((each) => each * 3));
    expect(value(losses.categoricalCrossentropy(t, scaled))).toBeCloseTo(crossentropy(t, p), 6);
    const fromLogits = losses.categoricalCrossentropy({ fromLogits: true });
    expect(
      value(
        fromLogits(
          [
            [1, 0, 0],
            [0, 1, 0],
          ],
          z,
        ),
      ),
    ).toBeCloseTo(average([-Math.log(softmax(z)[0]![0]!), 100]), 4);
    // Clipped at 1e-7, as Keras does.
    expect(value(losses.categoricalCrossentropy([[1, 0]], [[0, 1]]))).toBeCloseTo(-Math.log(1e-7), 4);
  });

  it("takes the logits of what comes straight from a softmax, also for the gradient", () => {
    const loss = (logits: ek.Tensor) => losses.categoricalCrossentropy([[0, 1, 0]], ek.softmax(logits));
    const { value: came, grad } = ek.valueAndGrad(loss)([z[1]!]);
    expect(value(came)).toBe(100);
    expect(grad.arraySync()).toEqual([[1, -1, 0]]);
  });

  it("sparse crossentropy agrees with one-hot rows", () => {
    const rows = [
      [0, 0, 1],
      [0, 1, 0],
    ];
    for (const labels of [[2, 1], [[2], [1]], new Uint8Array([2, 1])]) {
      expect(value(losses.sparseCategoricalCrossentropy(labels, p))).toBe(
        value(losses.categoricalCrossentropy(rows, p)),
      );
    }
    const options = { fromLogits: true, labelSmoothing: 0.1 };
    const sparse = losses.sparseCategoricalCrossentropy([2, 1], z, options);
    expect(value(sparse)).toBe(value(losses.categoricalCrossentropy(rows, z, options)));
  });

  it("smooths labels", () => {
    const smoothed = t.map((row) => row.map((each) => each * 0.7 + 0.1));
    const loss = losses.categoricalCrossentropy(t, p, { labelSmoothing: 0.3 });
    expect(value(loss)).toBeCloseTo(crossentropy(smoothed, p), 6);
  });

  it("works on any number of axes", () => {
    const deep = losses.categoricalCrossentropy([t, t], ek.softmax([z, p]));
    const flat = losses.categoricalCrossentropy([...t, ...t], ek.softmax([...z, ...p]));
    expect(value(deep)).toBeCloseTo(value(flat), 6);
    const sparse = losses.sparseCategoricalCrossentropy(
      [
        [0, 1],
        [2, 2],
      ],
      [p, p],
    );
    expect(value(sparse)).toBeCloseTo(average([0.7, 0.3, 0.1, 0.6].map((each) => -Math.log(each))), 6);
  });

  it("binary crossentropy", () => {
    const expected = average([-Math.log(0.9), -Math.log(0.8)]);
    expect(value(losses.binaryCrossentropy([1, 0], [[0.9], [0.2]]))).toBeCloseTo(expected, 6);
    const logits = losses.binaryCrossentropy([[1], [0], [1]], [[-50], [3], [0]], { fromLogits: true });
    expect(value(logits)).toBeCloseTo(average([50, Math.log1p(Math.exp(3)), Math.LN2]), 5);
    const smoothed = losses.binaryCrossentropy([[1]], [[0.9]], { labelSmoothing: 0.2 });
    expect(value(smoothed)).toBeCloseTo(-0.9 * Math.log(0.9) - 0.1 * Math.log(0.1), 6);
  });

  it("squared and absolute error", () => {
    expect(
      value(
        losses.meanSquaredError(
          [
            [1, 2],
            [3, 4],
          ],
          [
            [1, 0],
            [0, 4],
          ],
        ),
      ),
    ).toBeCloseTo(13 / 4, 6);
    expect(value(losses.mae([1, 3], [[0], [5]]))).toBeCloseTo(1.5, 6);
    expect(losses.mse).toBe(losses.meanSquaredError);
  });

  it("frees what it makes", () => {
    const before = ek.memory().numTensors;
    losses.categoricalCrossentropy(t, p).dispose();
    metrics.accuracy([2, 1], p).dispose();
    expect(() => losses.categoricalCrossentropy([1, 2], p)).toThrow("class numbers");
    expect(ek.memory().numTensors).toBe(before);
  });
});

describe("targets", () => {
  it.each([
    [() => losses.categoricalCrossentropy([1, 2], p), "use sparseCategoricalCrossentropy for class numbers"],
    [
      () =>
        losses.categoricalCrossentropy(
          [
            [1, 0],
            [0, 1],
          ],
          p,
        ),
      "y is [2, 2] for the output [null, 3]; give the targets",
    ],
    [() => losses.sparseCategoricalCrossentropy(t, p), "use categoricalCrossentropy for one-hot rows"],
    [() => losses.sparseCategoricalCrossentropy([0, 3], p), "y holds 3 at sample 1; use integers from 0 to 2"],
    [() => losses.sparseCategoricalCrossentropy([0, -1], p), "y holds -1 at sample 1"],
    [() => losses.sparseCategoricalCrossentropy([0.5, 1], p), "y holds 0.5 at sample 0"],
    [() => losses.binaryCrossentropy([0, 2], [[0.5], [0.5]]), "y holds 2 at sample 1; binaryCrossentropy takes 0 to 1"],
    [() => losses.categoricalCrossentropy({ fromLogit: true } as object), 'did you mean "fromLogits"'],
    [() => losses.categoricalCrossentropy({ labelSmoothing: 2 }), "labelSmoothing is 2"],
    [() => losses.categoricalCrossentropy([1] as object), "pass (yTrue, yPred), or an object of options"],
  ])("refuses what does not fit: %#", (run, message) => {
    expect(run).toThrow(message);
  });
});

describe("metrics", () => {
  it("accuracy follows the shapes", () => {
    expect(
      value(
        metrics.accuracy(
          [
            [0, 1, 0],
            [0, 0, 1],
          ],
          p,
        ),
      ),
    ).toBe(0.5);
    expect(value(metrics.accuracy([0, 1], p))).toBe(0.5);
    expect(value(metrics.accuracy([[0], [2]], p))).toBe(1);
    expect(value(metrics.accuracy([1, 0, 1, 1], [[0.6], [0.5], [0.4], [0.51]]))).toBe(0.75);
    expect(
      value(
        metrics.sparseCategoricalAccuracy(
          [
            [0, 2],
            [1, 2],
          ],
          [p, p],
        ),
      ),
    ).toBe(0.75);
    expect(value(metrics.binaryAccuracy([[1, 0]], [[0.7, 0.8]]))).toBe(0.5);
  });
});

describe("names", () => {
  it("are found in camelCase, snake_case and as Keras's classes", () => {
    for (const name of ["categoricalCrossentropy", "categorical_crossentropy", "CategoricalCrossentropy"]) {
      expect(deserializeLoss(name)).toBe(losses.categoricalCrossentropy);
    }
    expect(deserializeLoss("mse")).toBe(losses.mse);
    expect(deserializeMetric("acc")).toBe(metrics.accuracy);
    expect(deserializeMetric("sparse_categorical_accuracy")).toBe(metrics.sparseCategoricalAccuracy);
    expect(findMetric("compile", "mae").key).toBe("mae");
    expect(findMetric("compile", metrics.binaryAccuracy).key).toBe("binaryAccuracy");
  });

  it("name the nearest valid one", () => {
    expect(() => findLoss("compile", "categoricalCrossentrpy")).toThrow(
      'compile: unknown loss "categoricalCrossentrpy"; did you mean "categoricalCrossentropy"?',
    );
    expect(() => findMetric("compile", "acuracy")).toThrow('did you mean "accuracy"');
    expect(() => findLoss("compile", 5 as never)).toThrow("the loss is 5");
  });

  it("configs of Keras come and go", () => {
    const config = { from_logits: true, label_smoothing: 0.1, reduction: "sum_over_batch_size", axis: -1 };
    const dtype = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" } };
    const serialized = { class_name: "CategoricalCrossentropy", config: { name: "x", dtype, ...config } };
    const f = deserializeLoss(serialized);
    const expected = losses.categoricalCrossentropy(t, z, { fromLogits: true, labelSmoothing: 0.1 });
    expect(value(f(t, z))).toBe(value(expected));
    expect(findLoss("compile", f).serialized).toMatchObject({
      module: "keras.losses",
      class_name: "CategoricalCrossentropy",
      config: { name: "categorical_crossentropy", from_logits: true, label_smoothing: 0.1 },
    });
    expect(() => deserializeLoss({ class_name: "Mse", config: { reduction: "sum" } })).toThrow('reduction is "sum"');
    expect(() => deserializeLoss({ class_name: "MSE", config: { from_logits: true } })).toThrow(
      'unknown config key "from_logits"',
    );
    expect(() => deserializeLoss({ class_name: "MSE", config: { redution: 1 } })).toThrow("unknown config key");
  });

  it("custom functions are taken by name", () => {
    const own = (yTrue: ek.TensorLike, yPred: ek.TensorLike) => ek.sub(yTrue, yPred);
    const { serialized, key } = findLoss("compile", own);
    expect(key).toBe("own");
    expect(() => findLoss("loadModel", serialized)).toThrow("pass it as custom: { own }");
    const found = findLoss("loadModel", serialized, { own });
    expect(ek.tidy(() => found.perSample(ek.tensor([3]), ek.tensor([1])).arraySync())).toEqual([2]);
    expect(() => findLoss("compile", () => 1 as never).perSample(ek.tensor(1), ek.tensor(1))).toThrow("gave 1");
  });
});
