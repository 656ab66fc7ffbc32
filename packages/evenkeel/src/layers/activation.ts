import { ArgumentError } from "../errors.ts";
import { snakeCase } from "../keras.ts";
import { reshape } from "../ops/shaping.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Activation as ActivationName, activationOf, applyActivation } from "./activations.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import type { PartialShape } from "../tensor/shape.ts";

export interface ActivationOptions extends LayerOptions {
  /** A name in camelCase or snake_case: "relu", "softmax" and so on. */
  activation: string;
}

/** y = activation(x). As Keras's Activation. */
export class Activation extends Layer {
  static override readonly className: string = "Activation";
  static readonly options = ["activation"];

  readonly #activation: ActivationName;

  constructor(options: ActivationOptions) {
    super(options, Activation.options);
    if (options.activation == null) throw new ArgumentError(`${this.op}: no activation came; name one, e.g. "relu"`);
    this.#activation = activationOf(this.op, options.activation);
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    const y = applyActivation(this.#activation, x);
    // A result is never the input itself: each is freed on its own.
    return y === x ? reshape(x, x.shape) : y;
  }

  protected override ownConfig(): Record<string, unknown> {
    return { activation: snakeCase(this.#activation) };
  }
}

export function activation(options: ActivationOptions): Activation {
  return new Activation(options);
}
