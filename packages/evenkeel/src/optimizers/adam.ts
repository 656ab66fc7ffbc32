import { checkKeys, checkNumber } from "../errors.ts";
import { adamUpdate } from "../ops/updates.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";
import { Optimizer, type OptimizerOptions } from "./optimizer.ts";

export interface AdamOptions extends OptimizerOptions {
  /** Default: 0.001. */
  learningRate?: number;
  /** Default: 0.9. */
  beta1?: number;
  /** Default: 0.999. */
  beta2?: number;
  /** Default: 1e-7. */
  epsilon?: number;
}

/**
 * m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), θ ← θ − α·m/(√v + ε)
 * with α = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) at step t (Kingma and Ba 2015). As Keras's Adam: ε stands outside of the correction
 * of v; PyTorch's stands inside.
 */
export class Adam extends Optimizer {
  static override readonly className: string = "Adam";
  static readonly options = ["learningRate", "beta1", "beta2", "epsilon", "gradientAccumulationSteps"];

  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  #correction1 = 0;
  #correction2 = 0;

  constructor(options: AdamOptions = {}) {
    checkKeys("adam", options, Adam.options);
    super("adam", options.learningRate ?? 0.001, options);
    this.#beta1 = checkNumber("adam", "beta1", options.beta1 ?? 0.9, 0, 1 - Number.EPSILON);
    this.#beta2 = checkNumber("adam", "beta2", options.beta2 ?? 0.999, 0, 1 - Number.EPSILON);
    this.#epsilon = checkNumber("adam", "epsilon", options.epsilon ?? 1e-7, 0);
  }

  override getConfig(): Record<string, unknown> {
    return {
      name: this.name,
      ...this.sharedConfig,
      beta_1: this.#beta1,
      beta_2: this.#beta2,
      epsilon: this.#epsilon,
      amsgrad: false,
    };
  }

  protected override get slotNames(): readonly string[] {
    return ["m", "v"];
  }

  protected override beginStep(iteration: number): void {
    this.#correction1 = 1 - integerPower(this.#beta1, iteration);
    this.#correction2 = 1 - integerPower(this.#beta2, iteration);
  }

  protected override update(variable: Variable, gradient: Tensor, [first, second]: readonly Variable[]): void {
    adamUpdate({
      variable,
      first: first!,
      second: second!,
      gradient,
      learningRate: this.learningRate,
      beta1: this.#beta1,
      beta2: this.#beta2,
      epsilon: this.#epsilon,
      correction1: this.#correction1,
      correction2: this.#correction2,
    });
  }
}

/** baseⁿ by squaring: products have the same bits in every engine, powers don't. */
function integerPower(base: number, n: number): number {
  let result = 1;
  for (let square = base, rest = n; rest > 0; rest = Math.floor(rest / 2), square *= square) {
    if (rest % 2 === 1) result *= square;
  }
  return result;
}

export function adam(options?: AdamOptions): Adam {
  return new Adam(options);
}
