import { Conv2d } from "../layers/convolutional.ts";
import { Dense } from "../layers/dense.ts";
import { unwrap } from "../layers/kernel-normalization/spectral-normalization.ts";
import type { Given, Layer } from "../layers/layer.ts";
import { BatchNormalization } from "../layers/norm/batch-normalization.ts";
import { MaxPooling2d, type Pooling } from "../layers/pooling.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Neighbouring layers that run as one op. */
export interface Step {
  readonly layers: readonly Layer[];
  readonly run: (x: Tensor, training: boolean, given: Given) => Tensor;
}

/**
 * The one page of rules that replace neighbouring layers by a bigger op with an adjoint of its own: fewer passes over
 * memory. Forward the results are the same bits, sums of gradients are taken in another order. Layers of the user's own
 * classes are never matched, not even subclasses of ours.
 */
const rules: ((layers: readonly Layer[]) => Step | undefined)[] = [productThenNormThenPool, productThenNorm];

/** The steps of a model. `fused` false: every layer by itself. */
export function plan(layers: readonly Layer[], fused: boolean): Step[] {
  const steps: Step[] = [];
  for (let first = 0; first < layers.length; first += steps.at(-1)!.layers.length) {
    const rest = layers.slice(first);
    const match = fused ? rules.map((rule) => rule(rest)).find((step) => step !== undefined) : undefined;
    steps.push(match ?? alone(layers[first]!));
  }
  return steps;
}

function alone(layer: Layer): Step {
  const taken = (given: Given): Given => Object.fromEntries(layer.takes.map((key) => [key, given[key]]));
  return { layers: [layer], run: (x, training, given) => layer.apply(x, { training, ...taken(given) }) };
}

/**
 * Convolution or dense, bias, ReLU, batch normalization. In training the way back through normalization, ReLU and bias
 * is one pass; in inference the running statistics are applied while the product is still in registers.
 */
function productThenNorm([first, norm]: readonly Layer[]): Step | undefined {
  const product = productOf(first);
  if (product === undefined || !isBatchNormalization(norm)) return undefined;
  return together([first!, norm], product, norm);
}

/** The same with max pooling behind: the normalized map is never written, and its gradient never read. */
function productThenNormThenPool([first, norm, pool]: readonly Layer[]): Step | undefined {
  const product = productOf(first);
  if (product === undefined || !isBatchNormalization(norm) || !isMaxPooling(pool)) return undefined;
  const size = pool.tiles;
  if (size === undefined) return undefined;
  return together([first!, norm, pool], product, norm, { size, pool: (x) => pool.apply(x) });
}

function together(layers: readonly Layer[], product: Product, norm: BatchNormalization, pooling?: Pooling): Step {
  const apart = layers.map(alone);
  return {
    layers,
    run: (x, training, given) => {
      const alike = given.mask === undefined && norm.canFollowProduct(training);
      if (!alike || !product.canProduce(x)) return apart.reduce((y, step) => step.run(y, training, given), x);
      return norm.normalizeProduct((constants) => product.produce(x, training, constants), training, pooling);
    },
  };
}

type Product = Conv2d | Dense;

function isBatchNormalization(layer: Layer | undefined): layer is BatchNormalization {
  return layer?.constructor === BatchNormalization;
}

function isMaxPooling(layer: Layer | undefined): layer is MaxPooling2d {
  return layer?.constructor === MaxPooling2d;
}

function productOf(layer: Layer | undefined): Product | undefined {
  const product = layer && unwrap(layer);
  return product?.constructor === Conv2d || product?.constructor === Dense ? product : undefined;
}
