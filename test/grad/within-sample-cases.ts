import * as ek from "evenkeel";
import { normal } from "./inputs.ts";

export interface LayerCase {
  name: keyof typeof ek.layers;
  about: string;
  make: () => ek.Layer;
  input: () => ek.Tensor;
  /** Default: true. */
  training?: boolean;
  /** Freezes the layer after one batch has passed through it. */
  frozen?: boolean;
  /** A mask or a condition. */
  given?: () => ek.CallOptions;
}

const { layers } = ek;
const images = (): ek.Tensor => normal([2, 5, 4, 3]);

export const withinSamples: LayerCase[] = [
  { name: "layerNormalization", about: "last axis", make: () => layers.layerNormalization(), input: images },
  {
    name: "layerNormalization",
    about: "axes apart",
    make: () => layers.layerNormalization({ axis: [1, 3] }),
    input: images,
  },
  {
    name: "layerNormalization",
    about: "scale alone",
    make: () => layers.layerNormalization({ center: false }),
    input: images,
  },
  {
    name: "layerNormalization",
    about: "center alone",
    make: () => layers.layerNormalization({ scale: false }),
    input: images,
  },
  { name: "rmsNormalization", about: "last axis", make: () => layers.rmsNormalization(), input: images },
  { name: "rmsNormalization", about: "an inner axis", make: () => layers.rmsNormalization({ axis: 1 }), input: images },
  {
    name: "groupNormalization",
    about: "channels last",
    make: () => layers.groupNormalization({ groups: 2 }),
    input: () => normal([2, 3, 4, 6]),
  },
  {
    name: "groupNormalization",
    about: "channels first",
    make: () => layers.groupNormalization({ groups: 2, axis: 1 }),
    input: () => normal([2, 4, 9, 9]),
  },
  {
    name: "groupNormalization",
    about: "of one channel",
    make: () => layers.groupNormalization({ groups: -1 }),
    input: images,
  },
  {
    name: "groupNormalization",
    about: "neither",
    make: () => layers.groupNormalization({ groups: 1, scale: false, center: false }),
    input: images,
  },
  {
    name: "layerNormalization",
    about: "with rmsScaling",
    make: () => layers.layerNormalization({ axis: [1, 2], rmsScaling: true }),
    input: images,
  },
  {
    name: "unitNormalization",
    about: "two axes",
    make: () => layers.unitNormalization({ axis: [1, 3] }),
    input: images,
  },
  {
    name: "localResponseNormalization",
    about: "as TensorFlow",
    make: () => layers.localResponseNormalization({ depthRadius: 1 }),
    input: () => normal([2, 3, 5]),
  },
  {
    name: "localResponseNormalization",
    about: "as PyTorch, channels first",
    make: () => layers.localResponseNormalization({ axis: 1, alpha: 0.5, beta: 0.75 }),
    input: images,
  },
  { name: "instanceNormalization", about: "", make: () => layers.instanceNormalization(), input: images },
  {
    name: "instanceNormalization",
    about: "affine, channels first",
    make: () => layers.instanceNormalization({ axis: 1, scale: true, center: true }),
    input: () => normal([2, 3, 9, 9]),
  },
  {
    name: "instanceNormalization",
    about: "in inference by running statistics",
    make: () => layers.instanceNormalization({ trackRunningStats: true, scale: true }),
    input: images,
    training: false,
  },
  { name: "switchableNormalization", about: "", make: () => layers.switchableNormalization(), input: images },
  {
    name: "switchableNormalization",
    about: "rows, neither",
    make: () => layers.switchableNormalization({ scale: false, center: false, epsilon: 0.1 }),
    input: () => normal([5, 4]),
  },
  {
    name: "switchableNormalization",
    about: "in inference, channels first",
    make: () => layers.switchableNormalization({ axis: 1 }),
    input: images,
    training: false,
  },
  {
    name: "instanceBatchNormalization",
    about: "",
    make: () => layers.instanceBatchNormalization(),
    input: images,
  },
  {
    name: "instanceBatchNormalization",
    about: "frozen, channels first",
    make: () => layers.instanceBatchNormalization({ axis: 1, ratio: 0.4, scale: false }),
    input: images,
    frozen: true,
  },
];
