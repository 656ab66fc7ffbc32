import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import { checkGradients, checkLayer } from "./finite-differences.ts";
import { apart, awayFromZero, normal, positive, small } from "./inputs.ts";
import { normalizedKernels } from "./kernel-normalization-cases.ts";
import { type LayerCase, withinSamples } from "./within-sample-cases.ts";

const { layers } = ek;
const images = (): ek.Tensor => normal([2, 5, 4, 3]);

const activations =
  "linear relu relu6 sigmoid tanh softmax log_softmax softplus softsign exponential elu silu swish gelu leaky_relu";

const norms: LayerCase[] = [
  { about: "channels last", make: () => layers.batchNormalization(), input: images },
  { about: "rows", make: () => layers.batchNormalization({ epsilon: 0.1 }), input: () => normal([6, 5]) },
  { about: "channels first", make: () => layers.batchNormalization({ axis: 1 }), input: images },
  { about: "long runs", make: () => layers.batchNormalization({ axis: 1 }), input: () => normal([2, 2, 9, 9]) },
  { about: "two axes apart", make: () => layers.batchNormalization({ axis: [1, 3] }), input: images },
  { about: "scale alone", make: () => layers.batchNormalization({ center: false }), input: images },
  { about: "center alone", make: () => layers.batchNormalization({ scale: false }), input: images },
  { about: "neither", make: () => layers.batchNormalization({ center: false, scale: false }), input: images },
  { about: "in inference", make: () => layers.batchNormalization(), input: images, training: false },
  {
    about: "in inference, rows",
    make: () => layers.batchNormalization(),
    input: () => normal([6, 5]),
    training: false,
  },
  { about: "in inference, axis 1", make: () => layers.batchNormalization({ axis: 1 }), input: images, training: false },
  { about: "frozen", make: () => layers.batchNormalization(), input: images, frozen: true },
].map((each) => ({ name: "batchNormalization", ...each }));

const mask = (shape: readonly number[]) => (): ek.CallOptions => ({ mask: ek.greater(normal([...shape], 9), -0.5) });
const layersOfBatches: LayerCase[] = [
  {
    name: "batchNormalization",
    about: "masked",
    make: () => layers.batchNormalization(),
    input: images,
    given: mask([2, 5, 4]),
  },
  {
    name: "batchNormalization",
    about: "masked, axis 1",
    make: () => layers.batchNormalization({ axis: 1, scale: false }),
    input: images,
    given: mask([2, 1, 3]),
  },
  {
    name: "batchRenormalization",
    about: "with nothing to correct",
    make: () => layers.batchRenormalization(),
    input: images,
  },
  {
    name: "ghostBatchNormalization",
    about: "a rest",
    make: () => layers.ghostBatchNormalization({ ghostBatchSize: 2 }),
    input: () => normal([5, 3, 4]),
  },
  {
    name: "ghostBatchNormalization",
    about: "channels first",
    make: () => layers.ghostBatchNormalization({ ghostBatchSize: 2, axis: 1 }),
    input: () => normal([4, 2, 9, 8]),
  },
  { name: "virtualBatchNormalization", about: "", make: () => layers.virtualBatchNormalization(), input: images },
  {
    name: "virtualBatchNormalization",
    about: "axis 1, frozen",
    make: () => layers.virtualBatchNormalization({ axis: 1 }),
    input: images,
    frozen: true,
  },
  {
    name: "conditionalBatchNormalization",
    about: "classes",
    make: () => layers.conditionalBatchNormalization({ condition: { classes: 3 } }),
    input: () => normal([4, 3, 2]),
    given: () => ({ condition: [2, 0, 2, 1] }),
  },
  {
    name: "conditionalBatchNormalization",
    about: "features, axis 1",
    make: () => layers.conditionalBatchNormalization({ condition: { features: 2 }, axis: 1 }),
    input: () => normal([4, 3, 2]),
    given: () => ({ condition: normal([4, 2], 7) }),
  },
];

/** Statistics as they might be adapted: the smallest or the center, and the largest or the spread. */
function inputNorm(options: ek.NormalizationOptions, statistics = [-1, 2]): ek.Layer {
  const layer = layers.normalization({ axis: null, ...options });
  layer.build([null, 4, 3]);
  layer.setWeights([...statistics, 1]);
  return layer;
}

const inputNorms: LayerCase[] = [
  {
    about: "per feature",
    make: () => layers.normalization({ mean: [1, 2, 3], variance: [0, 0.25, 4] }),
    input: () => normal([5, 3]),
  },
  { about: "inverted", make: () => inputNorm({ invert: true }), input: () => normal([2, 4, 3]) },
  { about: "to a range", make: () => inputNorm({ method: "minMax", range: [-3, 1] }), input: () => normal([2, 4, 3]) },
  { about: "robust", make: () => inputNorm({ method: "robust" }), input: () => normal([2, 4, 3]) },
  { about: "of logarithms", make: () => inputNorm({ method: "log" }), input: () => awayFromZero([2, 4, 3]) },
  {
    about: "of logarithms, inverted",
    make: () => inputNorm({ method: "log", invert: true }, [0, 1]),
    input: () => awayFromZero([2, 4, 3]),
  },
].map((each) => ({ name: "normalization", ...each }));

const cases: LayerCase[] = [
  ...norms,
  ...layersOfBatches,
  ...inputNorms,
  ...withinSamples,
  ...normalizedKernels,
  ...activations.split(" ").map((name): LayerCase => {
    const input = (): ek.Tensor => awayFromZero([3, 5]);
    return { name: "activation", about: name, make: () => layers.activation({ activation: name }), input };
  }),
  {
    name: "dense",
    about: "tanh",
    make: () => layers.dense({ units: 4, activation: "tanh" }),
    input: () => normal([3, 5]),
  },
  {
    name: "dense",
    about: "relu, three axes",
    make: () =>
      layers.dense({ units: 4, activation: "relu", biasInitializer: { class_name: "Constant", config: { value: 3 } } }),
    input: () => small([2, 3, 4]),
  },
  {
    name: "dense",
    about: "no bias",
    make: () => layers.dense({ units: 4, useBias: false }),
    input: () => normal([3, 5]),
  },
  {
    name: "conv2d",
    about: "strided, sigmoid",
    make: () => layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "sigmoid" }),
    input: images,
  },
  {
    name: "conv2d",
    about: "dilated, channels first",
    make: () => layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, dataFormat: "channelsFirst" }),
    input: images,
  },
  {
    name: "conv2d",
    about: "in groups",
    make: () => layers.conv2d({ filters: 6, kernelSize: 3, groups: 3, padding: "same" }),
    input: images,
  },
  {
    name: "depthwiseConv2d",
    about: "dilated, two filters a channel",
    make: () => layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, dilationRate: 2, activation: "tanh" }),
    input: images,
  },
  {
    name: "maxPooling2d",
    about: "",
    make: () => layers.maxPooling2d({ poolSize: 2 }),
    input: () => apart([2, 4, 5, 3]),
  },
  {
    name: "averagePooling2d",
    about: "same",
    make: () => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    input: images,
  },
  { name: "globalAveragePooling2d", about: "", make: () => layers.globalAveragePooling2d(), input: images },
  {
    name: "flatten",
    about: "channels first",
    make: () => layers.flatten({ dataFormat: "channelsFirst" }),
    input: images,
  },
  { name: "reshape", about: "", make: () => layers.reshape({ targetShape: [6, -1] }), input: images },
  { name: "dropout", about: "in training", make: () => layers.dropout({ rate: 0.4 }), input: images },
];

describe("gradients of layers agree with finite differences", () => {
  it.each(cases)("$name $about", ({ make, input, training = true, frozen = false, given = () => ({}) }) => {
    ek.setSeed(5);
    const layer = make();
    ek.tidy(() => {
      const x = input();
      const options = given();
      layer.apply(x, { training: true, ...options });
      // Weights that are not where they begin: γ = 1 and β = 0 hide mistakes.
      layer.trainableWeights.forEach((weight, i) => weight.assign(ek.add(weight, small([...weight.shape], 40 + i))));
      layer.trainable = !frozen;
      // The same dropout mask in every pass.
      const { extraState } = layer;
      const state = extraState?.snapshot();
      checkLayer(layer, x, { training, ...options, before: () => extraState?.restore(state) });
    });
    layer.dispose();
  });

  it.each([-1, 1])("adaptiveInstanceNormalization, in the style too, channels along axis %d", (axis) => {
    const layer = layers.adaptiveInstanceNormalization({ axis, epsilon: 0.1 });
    const style = normal(axis === 1 ? [2, 5, 7] : [2, 7, 3], 3);
    checkGradients((x, condition) => layer.apply(x, { condition }), [images(), style]);
  });

  it("leaves out no layer", () => {
    const others = ["adaptiveInstanceNormalization", "Layer", "deserialize"];
    const tested = new Set<string>([...cases.map(({ name }) => name), ...others]);
    expect(Object.keys(layers).filter((name) => !tested.has(name))).toEqual([]);
  });
});

const classes = (): ek.Tensor => ek.oneHot(ek.tensor(new Int32Array([2, 0, 1, 2]), [4]), 3);
const shares = (): ek.Tensor => ek.softmax(normal([4, 3]));
const { losses } = ek;

describe("gradients of losses, by the predictions", () => {
  it.each<[string, (p: ek.Tensor) => ek.Tensor, () => ek.Tensor]>([
    ["categoricalCrossentropy", (p) => losses.categoricalCrossentropy(classes(), p), () => ek.mul(shares(), 1)],
    ["the same, after softmax", (z) => losses.categoricalCrossentropy(classes(), ek.softmax(z)), () => normal([4, 3])],
    [
      "the same, of logits",
      (z) => losses.categoricalCrossentropy(classes(), z, { fromLogits: true }),
      () => normal([4, 3]),
    ],
    ["sparseCategoricalCrossentropy", (p) => losses.sparseCategoricalCrossentropy([[2], [0], [1], [2]], p), shares],
    ["binaryCrossentropy", (p) => losses.binaryCrossentropy(classes(), p), () => ek.sigmoid(normal([4, 3]))],
    ["the same, of logits", (z) => losses.binaryCrossentropy(classes(), z, { fromLogits: true }), () => normal([4, 3])],
    ["meanSquaredError", (p) => losses.meanSquaredError(positive([4, 3], 9), p), () => normal([4, 3])],
    ["meanAbsoluteError", (p) => losses.meanAbsoluteError(ek.zeros([4, 3]), p), () => awayFromZero([4, 3])],
  ])("%s", (_, loss, predictions) => {
    ek.tidy(() => checkGradients((p) => loss(p), [predictions()]));
  });
});
