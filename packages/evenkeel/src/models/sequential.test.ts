import * as ek from "evenkeel";
import { beforeEach, describe, expect, it } from "vitest";

const dense = (units: number, options: object = {}) => ek.layers.dense({ units, ...options });

beforeEach(() => ek.setSeed(1));

describe("building", () => {
  it("waits for the shape: from inputShape, build, or the first data", () => {
    const declared = ek.sequential([dense(3, { inputShape: [2] }), dense(1)]);
    expect([declared.built, declared.inputShape, declared.outputShape]).toEqual([true, [null, 2], [null, 1]]);
    const later = ek.sequential({ layers: [dense(3)], name: "later" });
    expect([later.built, later.inputShape, later.weights]).toEqual([false, undefined, []]);
    later.build([null, 2]);
    later.build([7, 2]);
    expect(later.countParams()).toBe(9);
    const byData = ek.sequential();
    byData.add(dense(4));
    expect(byData.predict([[1, 2, 3]]).shape).toEqual([1, 4]);
    byData.add(dense(2));
    expect(byData.outputShape).toEqual([null, 2]);
  });

  it("refuses layers and shapes that don't fit, changing nothing", () => {
    const model = ek.sequential({ layers: [dense(3, { inputShape: [2], name: "a" })], name: "m" });
    expect(() => model.add(dense(1, { name: "a" }))).toThrow("m.add: the name a is taken");
    expect(() => model.add("dense" as never)).toThrow('m.add: "dense"; pass a layer');
    expect(() => model.add(ek.layers.conv2d({ filters: 1, kernelSize: 3 }))).toThrow("conv2d");
    expect(model.layers).toHaveLength(1);
    expect(() => model.build([null, 3])).toThrow("build: x is [null, 3]; m takes [null, 2]");
    expect(() => model.build(5 as never)).toThrow("build: 5; pass the input shape");
    expect(() => model.build([null, 1.5])).toThrow("the batch first");
    expect(() => ek.sequential().build([null, 2])).toThrow("no layers");
    expect(() => ek.sequential({ layer: [] } as never)).toThrow('did you mean "layers"');
    expect(() => ek.sequential(5 as never)).toThrow("sequential: 5");
  });

  it("names models as Keras does", () => {
    const [first, second] = [ek.sequential(), ek.sequential()];
    expect(second.name).toMatch(/^sequential_\d+$/);
    expect(first.name).not.toBe(second.name);
  });
});

describe("weights", () => {
  it("are listed layer by layer, set all or none", () => {
    const model = ek.sequential([
      dense(2, { inputShape: [2], name: "a" }),
      ek.layers.batchNormalization({ name: "b" }),
    ]);
    const names = ["a/kernel", "a/bias", "b/gamma", "b/beta", "b/moving_mean", "b/moving_variance"];
    expect(model.weights.map(({ name }) => name)).toEqual(names);
    expect(model.trainableWeights.map(({ name }) => name)).toEqual(names.slice(0, 4));
    const values = model.getWeights();
    model.setWeights(values.map((value) => ek.mul(value, 2)));
    expect(model.weights[0]!.arraySync()).toEqual(ek.mul(values[0]!, 2).arraySync());
    const wrong = values.with(5, ek.ones([3]));
    expect(() => model.setWeights(wrong)).toThrow("setWeights: values [3] for b/moving_variance, which is [2]");
    expect(() => model.setWeights(values.slice(1))).toThrow("5 values; ");
    expect(model.weights[0]!.arraySync()).toEqual(ek.mul(values[0]!, 2).arraySync());
  });

  it("are freed by dispose", () => {
    const before = ek.memory();
    const model = ek.sequential([dense(2, { inputShape: [2] }), ek.layers.batchNormalization()]);
    model.compile({ optimizer: "adam", loss: "mse" });
    model.trainOnBatch(
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    );
    expect(ek.memory().numTensors).toBeGreaterThan(before.numTensors);
    model.dispose();
    expect(ek.memory().numTensors).toBe(before.numTensors);
    expect(ek.memory().numBytes).toBe(before.numBytes);
  });
});

describe("trainOnBatch", () => {
  it("is a step of gradient descent on the mean loss, its numbers from before the update", () => {
    const model = ek.sequential([dense(1, { inputShape: [1], kernelInitializer: "zeros" })]);
    model.compile({ optimizer: ek.optimizers.sgd({ learningRate: 0.25 }), loss: "mse", metrics: ["mae"] });
    // (t − w·x − b)² at w = b = 0: ∂w = −2·mean(t·x) = −10, ∂b = −2·mean(t) = −6.
    expect(model.trainOnBatch([[1], [2]], [2, 4])).toEqual({ loss: 10, mae: 3 });
    expect(model.getWeights().map((w) => w.arraySync())).toEqual([[[2.5]], [1.5]]);
  });

  it("takes class numbers, one-hot rows, typed arrays and { values, shape }", () => {
    const make = (loss: string) => {
      ek.setSeed(3);
      const model = ek.sequential([dense(3, { inputShape: [2], activation: "softmax" })]);
      model.compile({ optimizer: "sgd", loss, metrics: ["accuracy"] });
      return model;
    };
    const x = [
      [1, 2],
      [3, 4],
    ];
    const expected = make("categorical_crossentropy").trainOnBatch(x, [
      [0, 1, 0],
      [0, 0, 1],
    ]);
    const targets = [[1, 2], [[1], [2]], new Uint8Array([1, 2]), ek.tensor([1, 2], [2], "int32")];
    for (const y of targets) expect(make("sparseCategoricalCrossentropy").trainOnBatch(x, y)).toEqual(expected);
    const inputs = [
      new Float64Array([1, 2, 3, 4]),
      new Uint8Array([1, 2, 3, 4]),
      { values: [1, 2, 3, 4], shape: [2, 2] },
    ];
    for (const x of inputs) expect(make("sparseCategoricalCrossentropy").trainOnBatch(x, [1, 2])).toEqual(expected);
    const y = new Uint8Array([0, 1, 0, 0, 0, 1]);
    expect(make("categoricalCrossentropy").trainOnBatch(ek.tensor(x, [2, 2], "int32"), y)).toEqual(expected);
  });

  it("leaves frozen layers alone, and trains nothing when all are", () => {
    const model = ek.sequential([dense(2, { inputShape: [2] }), dense(1)]);
    model.compile({ optimizer: "adam", loss: "mse" });
    model.layers[0]!.trainable = false;
    const before = model.getWeights().map((w) => w.arraySync());
    model.trainOnBatch([[1, 2]], [[3]]);
    const after = model.getWeights().map((w) => w.arraySync());
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after.slice(2)).not.toEqual(before.slice(2));
    model.layers[1]!.trainable = false;
    expect(model.trainOnBatch([[1, 2]], [[3]]).loss).toBeGreaterThan(0);
    expect(model.getWeights().map((w) => w.arraySync())).toEqual(after);
  });

  it("is flat in memory", () => {
    const model = ek.sequential([dense(4, { inputShape: [2] }), ek.layers.batchNormalization(), dense(1)]);
    model.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"] });
    const [x, y] = [ek.ones([8, 2]), ek.ones([8, 1])];
    for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
    const { numTensors, numBytes, heapBytes } = ek.memory();
    for (let i = 0; i < 1000; i++) model.trainOnBatch(x, y);
    expect(ek.memory()).toMatchObject({ numTensors, numBytes, heapBytes });
  });
});

describe("evaluate and predict", () => {
  const model = () => {
    const result = ek.sequential([dense(1, { inputShape: [1], kernelInitializer: "ones" })]);
    result.compile({ optimizer: "sgd", loss: "mse", metrics: ["mae"] });
    return result;
  };

  it("weighs batches by their samples", async () => {
    const y = [1, 2, 3, 4, 15];
    const x = [[0], [0], [0], [0], [0]];
    const expected = { loss: (1 + 4 + 9 + 16 + 225) / 5, mae: 5 };
    for (const batchSize of [1, 2, 3, 5, 32]) {
      const logs = await model().evaluate(x, y, { batchSize });
      expect(logs.loss).toBeCloseTo(expected.loss, 4);
      expect(logs.mae).toBeCloseTo(expected.mae, 5);
    }
  });

  it("predicts in batches, a tensor of the caller's", () => {
    const x = ek.tensor([[1], [2], [3], [4], [5]]);
    const trained = model();
    const before = ek.memory().numTensors;
    for (const batchSize of [1, 2, 5, 100]) {
      const y = trained.predict(x, { batchSize });
      expect(y.arraySync()).toEqual(x.arraySync());
      y.dispose();
    }
    expect(ek.memory().numTensors).toBe(before);
    expect(ek.sequential([ek.layers.flatten()]).predict(x)).not.toBe(x);
    expect(x.isDisposed).toBe(false);
  });

  it("needs no compile to predict, and no batch statistics", () => {
    const model = ek.sequential([ek.layers.batchNormalization({ inputShape: [1] })]);
    expect(model.predict([[3]]).dataSync()[0]).toBeCloseTo(3 / Math.sqrt(1.001), 5);
  });
});

describe("errors", () => {
  let model: ek.Sequential;
  const state = () =>
    JSON.stringify([model.getWeights().map((w) => w.arraySync()), model.optimizer?.getState().iterations]);

  beforeEach(() => {
    model = ek.sequential({ layers: [dense(2, { inputShape: [2], activation: "softmax" })], name: "m" });
    model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  });

  const x = [
    [1, 2],
    [3, 4],
  ];
  it.each([
    [[[1, 2, 3]], [0], "x is [1, 3]; m takes [null, 2]: reshape or resize it"],
    [[1, 2], [0, 1], "x is [2]; m takes [null, 2]; one axis is missing"],
    [x, [0], "x has 2 samples and y 1; make them equal"],
    [x, [0, 2], "y holds 2 at sample 1; use integers from 0 to 1"],
    [x, [0, 0.5], "y holds 0.5 at sample 1"],
    [x, [0, Number.NaN], "y holds NaN at sample 1"],
    [x, [[[0]], [[1]]], "y is [2, 1, 1] for the output [null, 2]"],
    [
      x,
      [
        [0, 1],
        [1, 0],
      ],
      "use categoricalCrossentropy for one-hot rows",
    ],
    [
      [
        [1, 2],
        [Number.POSITIVE_INFINITY, 4],
      ],
      [0, 1],
      "x holds Infinity at sample 1",
    ],
    [[], [], "x is [0], which is empty"],
    [new Float32Array(3), [0, 1], "x is a typed array of 3; a sample [2] takes 2"],
    [x, undefined, "y is undefined"],
  ])("of data are clear and change nothing: %j %j", async (x, y, message) => {
    const [before, { numTensors }] = [state(), ek.memory()];
    expect(() => model.trainOnBatch(x, y as never)).toThrow(message);
    await expect(model.fit(x, y as never)).rejects.toThrow(message);
    await expect(model.evaluate(x, y as never)).rejects.toThrow(message);
    expect(ek.memory().numTensors).toBe(numTensors);
    expect(state()).toBe(before);
  });

  it("of use", async () => {
    const plain = ek.sequential({ layers: [dense(2, { inputShape: [2] })], name: "p" });
    await expect(plain.fit(x, x)).rejects.toThrow("fit: p is not compiled; call model.compile({ optimizer:");
    await expect(plain.evaluate(x, x)).rejects.toThrow("evaluate: p is not compiled");
    expect(() => plain.trainOnBatch(x, x)).toThrow("trainOnBatch: p is not compiled");
    expect(() => plain.predict(x, { batchSize: 0 })).toThrow("predict: batchSize is 0; use an integer of at least 1");
    expect(() => plain.predict(x, { batchsize: 1 } as never)).toThrow('did you mean "batchSize"');
    expect(() => plain.predict([[1, Number.NaN]])).toThrow("predict: x holds NaN at sample 0");
    const gone = ek.ones([2, 2]);
    gone.dispose();
    expect(() => plain.predict(gone)).toThrow(ek.DisposedError);
  });

  it("of compile", () => {
    const compile = (options: object) => () => model.compile(options as never);
    const valid = { optimizer: "adam", loss: "mse" };
    expect(compile({ ...valid, optimizer: "adm" })).toThrow('did you mean "adam"');
    expect(compile({ ...valid, loss: "meanSquareError" })).toThrow('did you mean "meanSquaredError"');
    expect(compile({ ...valid, metrics: ["accurcy"] })).toThrow('did you mean "accuracy"');
    expect(compile({ ...valid, metric: [] })).toThrow('did you mean "metrics"');
    expect(compile({ ...valid, metrics: ["mae", "mae"] })).toThrow("two results are called mae");
    expect(compile({ optimizer: "adam" })).toThrow("no loss came");
    expect(compile({ loss: "mse" })).toThrow("no optimizer came");
    expect(compile(null as never)).toThrow("options are null");
    expect(model.compiled!.loss.key).toBe("sparseCategoricalCrossentropy");
  });
});
