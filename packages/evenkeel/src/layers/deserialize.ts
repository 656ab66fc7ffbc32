import { type ConfigRules, findName, readConfig, readSerialized, type Serialized } from "../keras.ts";
import { ArgumentError, valueText } from "../errors.ts";
import { activation, Activation } from "./activation.ts";
import type { Constraint } from "./constraint.ts";
import { conv2d, Conv2d } from "./convolutional.ts";
import { dense, Dense } from "./dense.ts";
import { depthwiseConv2d, DepthwiseConv2d } from "./depthwise.ts";
import { dropout, Dropout } from "./dropout.ts";
import { spectralNormalization, SpectralNormalization } from "./kernel-normalization/spectral-normalization.ts";
import type { Layer } from "./layer.ts";
import {
  adaptiveInstanceNormalization,
  AdaptiveInstanceNormalization,
} from "./norm/adaptive-instance-normalization.ts";
import { batchNormalization, BatchNormalization } from "./norm/batch-normalization.ts";
import { groupNormalization, GroupNormalization } from "./norm/group-normalization.ts";
import { normalization, Normalization } from "./norm/input-normalization.ts";
import { instanceBatchNormalization, InstanceBatchNormalization } from "./norm/instance-batch-normalization.ts";
import { instanceNormalization, InstanceNormalization } from "./norm/instance-normalization.ts";
import { layerNormalization, LayerNormalization } from "./norm/layer-normalization.ts";
import { localResponseNormalization, LocalResponseNormalization } from "./norm/local-response-normalization.ts";
import { rmsNormalization, RmsNormalization } from "./norm/rms-normalization.ts";
import { switchableNormalization, SwitchableNormalization } from "./norm/switchable-normalization.ts";
import { unitNormalization, UnitNormalization } from "./norm/unit-normalization.ts";
import {
  averagePooling2d,
  AveragePooling2d,
  globalAveragePooling2d,
  GlobalAveragePooling2d,
  maxPooling2d,
  MaxPooling2d,
} from "./pooling.ts";
import type { Regularizer } from "./regularizer.ts";
import { flatten, Flatten, reshape, Reshape } from "./shaping.ts";

interface Entry extends Omit<ConfigRules, "options"> {
  readonly create: (options: never, custom: CustomWeightFunctions) => Layer;
  readonly type: { readonly className: string; readonly options: readonly string[] };
  /** Options for what a Keras config leaves out, where ours differ. */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

const entries: readonly Entry[] = [
  { create: conv2d, type: Conv2d },
  { create: depthwiseConv2d, type: DepthwiseConv2d },
  {
    create: dense,
    type: Dense,
    fixed: { quantization_config: [null], lora_rank: [null] },
    ignored: ["lora_alpha"],
  },
  {
    create: batchNormalization,
    type: BatchNormalization,
    defaults: { zeroDebias: false },
    // TensorFlow's name.
    renamed: { virtual_batch_size: "ghostBatchSize" },
    // One process is in step with itself.
    ignored: ["synchronized"],
  },
  {
    create: ({ layer, ...options }: { layer: object }, custom) =>
      spectralNormalization({ ...options, layer: deserialize(layer, custom) }),
    type: SpectralNormalization,
  },
  { create: layerNormalization, type: LayerNormalization },
  { create: rmsNormalization, type: RmsNormalization },
  { create: unitNormalization, type: UnitNormalization },
  { create: groupNormalization, type: GroupNormalization },
  { create: instanceNormalization, type: InstanceNormalization },
  { create: adaptiveInstanceNormalization, type: AdaptiveInstanceNormalization },
  { create: switchableNormalization, type: SwitchableNormalization },
  { create: instanceBatchNormalization, type: InstanceBatchNormalization },
  { create: localResponseNormalization, type: LocalResponseNormalization },
  { create: normalization, type: Normalization },
  { create: maxPooling2d, type: MaxPooling2d },
  { create: averagePooling2d, type: AveragePooling2d },
  { create: globalAveragePooling2d, type: GlobalAveragePooling2d, renamed: { keepdims: "keepDims" } },
  { create: flatten, type: Flatten },
  { create: reshape, type: Reshape },
  { create: activation, type: Activation },
  { create: dropout, type: Dropout },
];

/** Functions of a weight, or objects with `apply`, by name. */
export type CustomWeightFunctions = Readonly<Record<string, Regularizer | Constraint | Regularizer["apply"]>>;

const classNames = entries.map(({ type }) => type.className);

/**
 * Any layer from `{ class_name, config }` as Keras 3 writes it (`layer.toJSON()`, or one of `config.layers` of a
 * model). A layer from a Keras config follows Keras's rules: without a key `zero_debias`, batch normalization is not
 * debiased. `custom`: your own regularizers and constraints by the names of their classes.
 *
 * Errors: ArgumentError for classes, keys and values that are unknown here and would change results.
 */
export function deserialize(serialized: object, custom: CustomWeightFunctions = {}): Layer {
  const { className, config } = readSerialized("layers.deserialize", serialized);
  const name = findName("layers.deserialize", "layer", className, classNames);
  const { create, type, defaults, ...rules } = entries[classNames.indexOf(name)]!;
  const op = `layers.deserialize: ${name}`;
  const { dtype, ...rest } = config;
  checkPolicy(op, dtype);
  const options = readConfig(op, rest, {
    ...rules,
    options: ["name", "trainable", "batchInputShape", "inputShape", ...type.options],
    fixed: { ...rules.fixed, activity_regularizer: [null] },
    ignored: [...(rules.ignored ?? []), "autocast"],
  });
  for (const [key, value] of Object.entries(options)) {
    const { class_name: own = "" } = (value ?? {}) as Partial<Serialized>;
    if (Object.hasOwn(custom, own)) options[key] = custom[own];
  }
  return create({ ...defaults, ...options } as never, custom);
}

/** Keras writes "float32", or a policy of that name. */
function checkPolicy(op: string, dtype: unknown): void {
  const config: unknown = typeof dtype === "object" ? (dtype as Serialized | null)?.config : { name: dtype };
  if (dtype == null || (config as { name?: unknown } | undefined)?.name === "float32") return;
  throw new ArgumentError(`${op}: dtype is ${valueText(dtype)}; only "float32" is supported`);
}
