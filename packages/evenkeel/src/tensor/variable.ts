import { ArgumentError, ShapeError, shapeText } from "../errors.ts";
import { toTensor } from "./create.ts";
import { leaveScopes, tidy } from "./scope.ts";
import { sameShape } from "./shape.ts";
import { type DataType, Tensor } from "./tensor.ts";
import type { TensorLike } from "./values.ts";

let unnamed = 0;

/**
 * A tensor whose values can be replaced: a weight or a moving statistic. It belongs to whoever made it (a layer, an
 * optimizer, the user), never to a scope. Gradients are by name, so names within one model or optimizer are unique.
 */
export class Variable extends Tensor {
  readonly name: string;
  /** Whether `variableGrads` without a list, and training, reach it. */
  trainable: boolean;
  /** The penalty on the values, a scalar, that joins the loss of its layer. */
  regularizer: ((w: Tensor) => Tensor) | undefined;
  /** What optimizers replace the values by after each update. */
  constraint: ((w: Tensor) => Tensor) | undefined;

  constructor(initial: Tensor, trainable: boolean, name: string) {
    super(initial.storage("variable").copy(), initial.shape, initial.dtype);
    leaveScopes(this);
    this.freeWhenUnreachable();
    this.name = name;
    this.trainable = trainable;
  }

  /** Replaces the values, in place. Errors: ShapeError when the shape differs; then nothing has changed. */
  assign(values: TensorLike): void {
    tidy(() => {
      const source = toTensor("assign", values, this.dtype);
      if (!sameShape(source.shape, this.shape)) {
        const wanted = `the variable ${this.name} has ${shapeText(this.shape)}`;
        throw new ShapeError(`assign: values ${shapeText(source.shape)}; ${wanted}, and keeps it`);
      }
      if (source.dtype !== this.dtype) {
        throw new ArgumentError(
          `assign: ${source.dtype} values; the variable ${this.name} is ${this.dtype}: cast them`,
        );
      }
      this.storage("assign").copyFrom(source.storage("assign"));
    });
  }
}

export interface VariableOptions {
  trainable?: boolean;
  name?: string;
  dtype?: DataType;
}

/**
 * A variable with a copy of `initial`. As in tfjs: `variable(initial, trainable = true, name?, dtype?)`; an object of
 * options `{ trainable, name, dtype }` is taken too. Without a name it is called `variable`, `variable_1` and so on.
 */
export function variable(
  initial: TensorLike,
  trainable: boolean | VariableOptions = true,
  name?: string,
  dtype?: DataType,
): Variable {
  const options = typeof trainable === "object" ? trainable : { trainable, name, dtype };
  return tidy(() => {
    const values = toTensor("variable", initial, options.dtype);
    return new Variable(values, options.trainable ?? true, options.name ?? nextName());
  });
}

function nextName(): string {
  unnamed += 1;
  return unnamed === 1 ? "variable" : `variable_${unnamed - 1}`;
}
