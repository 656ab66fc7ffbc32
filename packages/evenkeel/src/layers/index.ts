export type { ActivationOptions } from "./activation.ts";
export type { Conv2dOptions } from "./convolutional.ts";
export type { DenseOptions } from "./dense.ts";
export type { DepthwiseConv2dOptions } from "./depthwise.ts";
export type { DropoutOptions } from "./dropout.ts";
export * as layers from "./factories.ts";
export * as constraints from "./constraints.ts";
export * as initializers from "./initializers.ts";
export * as regularizers from "./regularizers.ts";
export type { Constraint, ConstraintLike } from "./constraint.ts";
export type { Regularizer, RegularizerLike } from "./regularizer.ts";
export type { InitializerLike } from "./get-initializer.ts";
export type { Initializer } from "./initializer.ts";
export type {
  KernelNormalizationLike,
  KernelNormalizationOptions,
} from "./kernel-normalization/get-kernel-normalization.ts";
export type { SpectralNormalizationOptions } from "./kernel-normalization/spectral-normalization.ts";
export type { CallOptions, ExtraState, Given, Layer, LayerOptions } from "./layer.ts";
export type { InputBatch, InputData } from "./norm/adapt.ts";
export type { AdaptiveInstanceNormalizationOptions } from "./norm/adaptive-instance-normalization.ts";
export type { BatchNormalization } from "./norm/batch-normalization.ts";
export type { BatchNormalizationOptions } from "./norm/batch-normalization-options.ts";
export type { ConditionOptions } from "./norm/condition.ts";
export type { RenormClipping } from "./norm/renorm.ts";
export type { ChannelNormOptions } from "./norm/channel-norm.ts";
export type { GroupNormalizationOptions } from "./norm/group-normalization.ts";
export type { Normalization, NormalizationOptions } from "./norm/input-normalization.ts";
export type {
  InstanceBatchNormalization,
  InstanceBatchNormalizationOptions,
} from "./norm/instance-batch-normalization.ts";
export type { InstanceNormalization, InstanceNormalizationOptions } from "./norm/instance-normalization.ts";
export type { LayerNormalizationOptions } from "./norm/layer-normalization.ts";
export type { LocalResponseNormalizationOptions } from "./norm/local-response-normalization.ts";
export type { MovingNormOptions } from "./norm/moving-norm.ts";
export type { RmsNormalizationOptions } from "./norm/rms-normalization.ts";
export type { ScaleAndCenterOptions } from "./norm/scale-and-center.ts";
export type { SwitchableNormalization } from "./norm/switchable-normalization.ts";
export type { UnitNormalizationOptions } from "./norm/unit-normalization.ts";
export type { RunningState } from "./norm/bank.ts";
export type { Moments, Statistics, StatisticsLike } from "./norm/moments.ts";
export type { RunningStats } from "./norm/running-stats.ts";
export type { GlobalAveragePooling2dOptions, Pooling2dOptions } from "./pooling.ts";
export type { FlattenOptions, ReshapeOptions } from "./shaping.ts";
