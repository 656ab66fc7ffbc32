import * as ek from "evenkeel";
import { normal } from "./inputs.ts";
import type { LayerCase } from "./within-sample-cases.ts";

const { layers } = ek;
const images = (): ek.Tensor => normal([2, 5, 4, 3]);
const normalizations = ["weight", "standardized", { type: "standardized", epsilonOutside: true }, "spectral"];

export const normalizedKernels: LayerCase[] = [
  ...normalizations.flatMap((kernelNormalization): LayerCase[] => {
    // In training u and v follow the kernel, and the gradient takes them as constants.
    const each = { about: JSON.stringify(kernelNormalization), training: kernelNormalization !== "spectral" };
    const conv = { kernelSize: 2, kernelNormalization };
    return [
      {
        ...each,
        name: "dense",
        make: () => layers.dense({ units: 4, kernelNormalization }),
        input: () => normal([3, 5]),
      },
      { ...each, name: "conv2d", make: () => layers.conv2d({ filters: 3, ...conv }), input: images },
      { ...each, name: "depthwiseConv2d", make: () => layers.depthwiseConv2d(conv), input: images },
    ];
  }),
  {
    name: "spectralNormalization",
    about: "of a convolution",
    make: () => layers.spectralNormalization(layers.conv2d({ filters: 3, kernelSize: 3, activation: "tanh" })),
    input: images,
    training: false,
  },
];
