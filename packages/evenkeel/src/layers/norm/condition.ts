import { ArgumentError, checkInteger, checkKeys, ShapeError, shapeText, valueText } from "../../errors.ts";
import { add } from "../../ops/binary.ts";
import { gather } from "../../ops/indexing.ts";
import { floatTensor, integerTensor } from "../../ops/inputs.ts";
import { matMul } from "../../ops/matmul.ts";
import type { Affine } from "../../ops/norm-record.ts";
import { reshape } from "../../ops/shaping.ts";
import { fill } from "../../tensor/create.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TensorLike } from "../../tensor/values.ts";

/** What γ and β depend on: one of so many classes, or so many features. */
export type ConditionOptions = { classes: number } | { features: number };

export interface ConditionedAffine {
  readonly scale: Tensor;
  readonly offset: Tensor;
}

/** γ and β, and for features the kernels. */
interface Parameters extends Affine {
  readonly kernels: Affine;
}

/**
 * γ and β of each sample from its condition c (conditional batch normalization, De Vries 2017; Dumoulin 2017). With
 * `classes`: rows c of tables [classes, channels]; c: integers [batch]. With `features`: γ + c·kernel, the kernels
 * [features, channels] being 0 at first; c: [batch, features].
 */
export class Condition {
  readonly #op: string;
  readonly #classes: number | undefined;
  readonly #features: number | undefined;

  constructor(op: string, given: unknown) {
    this.#op = op;
    const { classes, features } = Object(given) as { classes?: unknown; features?: unknown };
    if ((classes === undefined) === (features === undefined)) {
      throw new ArgumentError(`${op}: condition is ${valueText(given)}; use { classes } or { features }`);
    }
    checkKeys(`${op}: condition`, given as object, ["classes", "features"]);
    if (classes !== undefined) this.#classes = checkInteger(op, "condition.classes", classes, 1);
    else this.#features = checkInteger(op, "condition.features", features, 1);
  }

  /** The sizes before those of the channels in the shape of γ and β. */
  get tableShape(): number[] {
    return this.#classes === undefined ? [] : [this.#classes];
  }

  /** The same for the kernels; undefined where there are none. */
  get kernelShape(): number[] | undefined {
    return this.#features === undefined ? undefined : [this.#features];
  }

  /** γ and β for a batch, as they multiply and shift: [batch, channels], or 1 and 0. */
  affine({ gamma, beta, kernels }: Parameters, condition: TensorLike | undefined, batch: number): ConditionedAffine {
    if (condition === undefined) {
      throw new ArgumentError(`${this.#op}: no condition came; pass apply(x, { condition })`);
    }
    const c = this.#read(condition, batch);
    const of = (value: Tensor | undefined, kernel: Tensor | undefined, without: number): Tensor =>
      value === undefined ? fill([], without) : this.#of(value, kernel, c);
    return { scale: of(gamma, kernels.gamma, 1), offset: of(beta, kernels.beta, 0) };
  }

  /** γ or β of each sample, [batch, channels]. */
  #of(value: Tensor, kernel: Tensor | undefined, c: Tensor): Tensor {
    if (kernel === undefined) return reshape(gather(value, c), [c.size, value.size / this.#classes!]);
    const change = matMul(c, reshape(kernel, [this.#features!, value.size]));
    return add(change, reshape(value, [value.size]));
  }

  #read(condition: TensorLike, batch: number): Tensor {
    const features = this.#features;
    const c = features === undefined ? integerTensor(this.#op, condition) : floatTensor(this.#op, condition);
    const wanted = features === undefined ? [batch] : [batch, features];
    if (sameShape(c.shape, wanted)) return c;
    throw new ShapeError(`${this.#op}: the condition is ${shapeText(c.shape)}; use ${shapeText(wanted)}`);
  }

  toJSON(): ConditionOptions {
    return this.#classes === undefined ? { features: this.#features! } : { classes: this.#classes };
  }
}
