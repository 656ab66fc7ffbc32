import { ArgumentError, checkKeys, checkNumber, valueText } from "../errors.ts";
import { sgdUpdate } from "../ops/updates.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { Optimizer, type OptimizerOptions } from "./optimizer.ts";

export interface SgdOptions extends OptimizerOptions {
  /** Default: 0.01. */
  learningRate?: number;
  /** From 0 (default) to 1. */
  momentum?: number;
  /** Default: false. */
  nesterov?: boolean;
}

/**
 * θ ← θ − lr·g; with momentum v ← momentum·v − lr·g, θ ← θ + v (Nesterov: θ ← θ + momentum·v − lr·g).
 * As Keras's SGD: the learning rate is inside of v.
 */
export class Sgd extends Optimizer {
  static override readonly className: string = "SGD";
  static readonly options = ["learningRate", "momentum", "nesterov", "gradientAccumulationSteps"];

  readonly #momentum: number;
  readonly #nesterov: boolean;

  constructor(options: SgdOptions = {}) {
    checkKeys("sgd", options, Sgd.options);
    super("sgd", options.learningRate ?? 0.01, options);
    const { nesterov = false } = options;
    if (typeof nesterov !== "boolean")
      throw new ArgumentError(`sgd: nesterov is ${valueText(nesterov)}; use true or false`);
    this.#momentum = checkNumber("sgd", "momentum", options.momentum ?? 0, 0, 1);
    this.#nesterov = nesterov;
  }

  override getConfig(): Record<string, unknown> {
    return { name: "SGD", ...this.sharedConfig, momentum: this.#momentum, nesterov: this.#nesterov };
  }

  protected override get slotNames(): readonly string[] {
    return this.#momentum === 0 ? [] : ["velocity"];
  }

  protected override beginStep(): void {}

  protected override update(variable: Variable, gradient: Tensor, [velocity]: readonly Variable[]): void {
    const [learningRate, momentum, nesterov] = [this.learningRate, this.#momentum, this.#nesterov];
    sgdUpdate({ variable, velocity, gradient, learningRate, momentum, nesterov });
  }
}

export function sgd(options?: SgdOptions): Sgd {
  return new Sgd(options);
}
