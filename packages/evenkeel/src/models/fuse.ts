import { Conv2d } from "../layers/convolutional.ts";
import { Dense } from "../layers/dense.ts";
import type { Layer } from "../layers/layer.ts";
import { BatchNormalization } from "../layers/norm/batch-normalization.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Neighbouring layers that run as one op. */
export interface Step {
  readonly layers: readonly Layer[];
  readonly run: (x: Tensor, training: boolean) => Tensor;
}

/**
 * The one page of rules that replace neighbouring layers by a bigger op with an adjoint of its own. The results are the
 * same bits, in fewer passes over memory. Layers of the user's own classes are never matched, not even subclasses of
 * ours.
 */
const rules: ((layers: readonly Layer[]) => Step | undefined)[] = [productThenNorm];

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
  return { layers: [layer], run: (x, training) => layer.apply(x, { training }) };
}

/**
 * Convolution or dense, bias, ReLU, batch normalization. In training the way back through normalization, ReLU and bias
 * is one pass; in inference the running statistics are applied while the product is still in registers.
 */
function productThenNorm([product, norm]: readonly Layer[]): Step | undefined {
  if (!isProduct(product) || !isBatchNormalization(norm)) return undefined;
  const apart = [alone(product), alone(norm)];
  return {
    layers: [product, norm],
    run: (x, training) => {
      if (!product.canProduce(x) || !norm.normalizesLastAxis)
        return apart.reduce((y, step) => step.run(y, training), x);
      return norm.normalizeProduct((constants) => product.produce(x, constants), training);
    },
  };
}

function isBatchNormalization(layer: Layer | undefined): layer is BatchNormalization {
  return layer?.constructor === BatchNormalization;
}

function isProduct(layer: Layer | undefined): layer is Conv2d | Dense {
  return layer?.constructor === Conv2d || layer?.constructor === Dense;
}
