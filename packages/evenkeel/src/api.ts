/** The public names of evenkeel, and nothing else. */
export { ArgumentError, DataError, DisposedError, EvenkeelError, OutOfMemoryError, ShapeError } from "./errors.ts";
export type { DataArray, DataArrays, DataType, NestedArray } from "./tensor/tensor.ts";
export { memory, Tensor } from "./tensor/tensor.ts";
export type { NestedValues, TensorLike, TypedArray } from "./tensor/values.ts";
export type { PartialShape, Shape } from "./tensor/shape.ts";
export { dispose, keep, tidy } from "./tensor/scope.ts";
export { fill, ones, onesLike, scalar, tensor, zeros, zerosLike } from "./tensor/create.ts";
export { Variable, variable, type VariableOptions } from "./tensor/variable.ts";
export { randomNormal, randomUniform, setSeed, truncatedNormal } from "./tensor/random.ts";

export {
  type CustomGradient,
  customGrad,
  grad,
  grads,
  type NamedGradients,
  valueAndGrad,
  valueAndGrads,
  variableGrads,
} from "./autograd/gradient.ts";

export { type Config, config, type Settings } from "./ops/config.ts";
export * from "./ops/unary.ts";
export * from "./ops/binary.ts";
export { argMax, max, mean, min, sum } from "./ops/reduce.ts";
export {
  broadcastTo,
  cast,
  concat,
  expandDims,
  flatten,
  pad,
  reshape,
  slice,
  squeeze,
  transpose,
} from "./ops/shaping.ts";
export { gather, oneHot } from "./ops/indexing.ts";
export { matMul } from "./ops/matmul.ts";
export { conv2d, depthwiseConv2d } from "./ops/conv.ts";
export * as fused from "./ops/fused.ts";
export { avgPool, maxPool } from "./ops/pool.ts";
export { logSoftmax, softmax, softmaxCrossEntropy } from "./ops/softmax.ts";
export { groupNorm, type GroupNormOptions } from "./ops/group-norm.ts";
export { layerNorm, type LayerNormOptions, rmsNorm, type RmsNormOptions } from "./ops/layer-norm.ts";
export { localResponseNormalization } from "./ops/local-response.ts";
export { batchNorm, moments } from "./ops/norm.ts";

export * from "./layers/index.ts";
export type { Optimizer, OptimizerOptions, OptimizerState } from "./optimizers/optimizer.ts";
export * as optimizers from "./optimizers/index.ts";
export * as train from "./optimizers/train.ts";

export type { SamplesLike } from "./data/samples.ts";
export { toCategorical } from "./data/encode.ts";
export type { Serialized } from "./keras.ts";
export { sequential, Sequential, type SequentialOptions } from "./models/sequential.ts";
export type { CompileOptions } from "./models/compile.ts";
export type { PredictOptions } from "./models/evaluate.ts";
export type { FitOptions, History } from "./models/fit.ts";
export type { ModelConfig } from "./models/config.ts";
export type { FromConfigOptions } from "./models/from-config.ts";
export type { CustomFunctions, MeasureLike } from "./models/identifiers.ts";
export type { CrossentropyOptions, MeasureFunction } from "./models/measure.ts";
export type { SummaryOptions } from "./models/summary.ts";
export type { Logs } from "./models/train-step.ts";
export type { BatchLogs, Callback, FitParams } from "./models/callbacks.ts";
export type { EarlyStoppingOptions } from "./models/early-stopping.ts";
export { diagnose, type DiagnoseOptions } from "./models/diagnose/diagnose.ts";
export type { Diagnosis, Finding, LayerDiagnosis, NormDiagnosis } from "./models/diagnose/report.ts";
export { foldBatchNorm } from "./models/fold.ts";
export { loadModel, type LoadSource } from "./models/load.ts";
export type { SaveTarget } from "./models/save.ts";
export type { AdaptDomainOptions, RecalibrateOptions } from "./models/stats.ts";
export * as callbacks from "./models/names/callbacks.ts";
export * as losses from "./models/names/losses.ts";
export * as metrics from "./models/names/metrics.ts";
export * as models from "./models/names/models.ts";
export * as stats from "./models/names/stats.ts";
