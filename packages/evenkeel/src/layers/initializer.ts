import type { Serialized } from "../keras.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The first values of a weight. */
export class Initializer {
  /** Keras's name of the class. */
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly make: (shape: Shape) => Tensor;

  constructor(className: string, config: Readonly<Record<string, unknown>>, make: (shape: Shape) => Tensor) {
    this.className = className;
    this.config = config;
    this.make = make;
  }

  toJSON(): Serialized {
    const { className, config } = this;
    return { module: "keras.initializers", class_name: className, config, registered_name: null };
  }
}
