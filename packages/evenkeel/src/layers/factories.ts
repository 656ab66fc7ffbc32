/** `ek.layers`: the layers by the names tfjs gives them. */
export { activation } from "./activation.ts";
export { conv2d } from "./convolutional.ts";
export { dense } from "./dense.ts";
export { depthwiseConv2d } from "./depthwise.ts";
export { deserialize } from "./deserialize.ts";
export { dropout } from "./dropout.ts";
export { spectralNormalization } from "./kernel-normalization/spectral-normalization.ts";
export { Layer } from "./layer.ts";
export { adaptiveInstanceNormalization } from "./norm/adaptive-instance-normalization.ts";
export { batchNormalization } from "./norm/batch-normalization.ts";
export {
  batchRenormalization,
  conditionalBatchNormalization,
  ghostBatchNormalization,
  virtualBatchNormalization,
} from "./norm/batch-normalization-presets.ts";
export { groupNormalization } from "./norm/group-normalization.ts";
export { normalization } from "./norm/input-normalization.ts";
export { instanceBatchNormalization } from "./norm/instance-batch-normalization.ts";
export { instanceNormalization } from "./norm/instance-normalization.ts";
export { layerNormalization } from "./norm/layer-normalization.ts";
export { localResponseNormalization } from "./norm/local-response-normalization.ts";
export { rmsNormalization } from "./norm/rms-normalization.ts";
export { switchableNormalization } from "./norm/switchable-normalization.ts";
export { unitNormalization } from "./norm/unit-normalization.ts";
export { averagePooling2d, globalAveragePooling2d, maxPooling2d } from "./pooling.ts";
export { flatten, reshape } from "./shaping.ts";
