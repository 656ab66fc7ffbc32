import { ArgumentError } from "../errors.ts";
import { Activation } from "../layers/activation.ts";
import { deserialize } from "../layers/deserialize.ts";
import { Dropout } from "../layers/dropout.ts";
import type { Layer } from "../layers/layer.ts";
import { BatchNormalization } from "../layers/norm/batch-normalization.ts";
import { AveragePooling2d, GlobalAveragePooling2d, MaxPooling2d } from "../layers/pooling.ts";
import { Flatten } from "../layers/shaping.ts";
import { tidy } from "../tensor/scope.ts";
import { type PartialShape, sizeOf } from "../tensor/shape.ts";
import { type Affine, FoldableProduct } from "./foldable-product.ts";
import { Sequential } from "./sequential.ts";

/**
 * A new model that predicts the same without its batch normalizations, as far as they can be folded: in inference each
 * is y = s·x + t per channel, with s = γ/√(variance + ε) and t = β − mean·s of the running statistics. A convolution or
 * dense layer before it takes that in as s·w and s·b + t, one behind it as w·s and b + Σ w·t.
 *
 * The one before has no activation of its own. Between it and one behind there may be dropout, pooling and `flatten`,
 * and the one behind has no padding, whose zeros were not normalized; the maximum of s·x is s times that of x only
 * where no s is negative. What cannot be folded stays. Weights are computed in float64; but where a channel's mean is
 * far from 0, many deviations, large numbers cancel in the folded sums, and the normalization is the better one.
 *
 * Layers that have taken one in have no regularizers and constraints any more. The new model is not compiled, shares
 * no weights with the old one, and is the caller's to dispose of.
 *
 * Errors: ArgumentError for a model that is not built.
 */
export function foldBatchNorm(model: Sequential): Sequential {
  const { layers, shapes, inputShape } = model;
  if (inputShape === undefined) {
    throw new ArgumentError(`foldBatchNorm: ${model.name} has no weights yet; call build([null, ...]) first`);
  }
  const products = layers.map((layer, i) => FoldableProduct.of(layer, shapes[i]!.length));
  const stays = layers.map((_, i) => !fold(model, products, i));
  const folded = new Sequential({ name: model.name });
  try {
    layers.forEach((layer, i) => {
      if (stays[i]) folded.add(deserialize(products[i]?.serialize() ?? layer.toJSON()));
    });
    folded.build(inputShape);
    tidy(() => {
      const weights = layers.map((layer, i) => products[i]?.weights() ?? layer.weights);
      folded.setWeights(weights.filter((_, i) => stays[i]).flat());
    });
    return folded;
  } catch (error) {
    folded.dispose();
    throw error;
  }
}

/** Whether the weights around layer `i`, a batch normalization, have taken it in. */
function fold(model: Sequential, products: readonly (FoldableProduct | undefined)[], i: number): boolean {
  const { layers, shapes } = model;
  const norm = layers[i];
  if (norm?.constructor !== BatchNormalization || !(norm as BatchNormalization).isAffine) return false;
  let affine = affineOf(norm, shapes[i]!.length);
  if (affine === undefined) return false;
  let before = i - 1;
  while (before > 0 && isIdentity(layers[before]!)) before -= 1;
  if (products[before]?.takeAfter(affine)) return true;
  for (let behind = i + 1; behind < layers.length; behind++) {
    if (products[behind] !== undefined) return products[behind]!.takeBefore(affine);
    affine = carry(affine, layers[behind]!, shapes[behind]!);
    if (affine === undefined) return false;
  }
  return false;
}

/** What a batch normalization is in inference; undefined where its channels are on several axes. */
function affineOf(norm: BatchNormalization, rank: number): Affine | undefined {
  const { axis, epsilon } = norm.getConfig() as { axis: number | readonly number[]; epsilon: number };
  const axes = [axis].flat();
  if (axes.length !== 1) return undefined;
  const { gamma, beta, mean, variance } = norm.values();
  const scale = Float64Array.from(variance, (value, i) => (gamma?.[i] ?? 1) / Math.sqrt(value + epsilon));
  const offset = Float64Array.from(mean, (value, i) => (beta?.[i] ?? 0) - value * scale[i]!);
  return { axis: (axes[0]! + rank) % rank, scale, offset };
}

/** Whether a layer hands its input on in inference. */
function isIdentity(layer: Layer): boolean {
  const { constructor } = layer;
  return constructor === Dropout || (constructor === Activation && layer.getConfig().activation === "linear");
}

/** The affine map behind a layer that does the same as `affine` before it; undefined where there is none. */
function carry(affine: Affine, layer: Layer, shape: PartialShape): Affine | undefined {
  if (isIdentity(layer)) return affine;
  if (layer.constructor === Flatten) return flattened(affine, layer, shape);
  const { data_format: format, keepdims = true } = layer.getConfig() as { data_format?: string; keepdims?: boolean };
  if (affine.axis !== (format === "channels_first" ? 1 : shape.length - 1)) return undefined;
  const { constructor } = layer;
  if (constructor === MaxPooling2d) return affine.scale.every((scale) => scale >= 0) ? affine : undefined;
  if (constructor !== AveragePooling2d && constructor !== GlobalAveragePooling2d) return undefined;
  return keepdims ? affine : { ...affine, axis: 1 };
}

/** One scale and offset for each place of what was flattened; undefined where sizes are not known. */
function flattened({ axis, scale, offset }: Affine, layer: Layer, shape: PartialShape): Affine | undefined {
  const sizes = shape.slice(1);
  if (layer.getConfig().data_format === "channels_first" || !sizes.every((size) => size !== null)) return undefined;
  const inner = sizeOf(shape.slice(axis + 1) as number[]);
  const spread = (values: Float64Array): Float64Array =>
    Float64Array.from({ length: sizeOf(sizes) }, (_, i) => values[Math.floor(i / inner) % values.length]!);
  return { axis: 1, scale: spread(scale), offset: spread(offset) };
}
