import { ArgumentError, ShapeError, shapeText, valueText } from "../errors.ts";
import { ones, toTensor, zeros } from "../tensor/create.ts";
import { tidy } from "../tensor/scope.ts";
import { sameShape } from "../tensor/shape.ts";
import { shareTensor, Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { Variable } from "../tensor/variable.ts";
import { backward, record, recording, withoutRecording } from "./tape.ts";

/** Gradients by the names of the variables. */
export type NamedGradients = Record<string, Tensor>;

/**
 * x ↦ dy·∂f/∂x. `dy` has the shape of f(x); without it f(x) must have one element, and dy is 1. As tfjs's `grad`.
 */
export function grad(f: (x: Tensor) => Tensor): (x: TensorLike, dy?: TensorLike) => Tensor {
  return (x, dy) => {
    const { value, grads } = differentiate("grad", f, [x], dy);
    value.dispose();
    return grads[0]!;
  };
}

/** [x₁, x₂, …] ↦ [dy·∂f/∂x₁, dy·∂f/∂x₂, …], zeros where f does not depend on an input. As tfjs's `grads`. */
export function grads(f: (...xs: Tensor[]) => Tensor): (xs: readonly TensorLike[], dy?: TensorLike) => Tensor[] {
  return (xs, dy) => {
    const { value, grads } = differentiate("grads", f, xs, dy);
    value.dispose();
    return grads;
  };
}

/** As `grad`, with the value of f beside it. */
export function valueAndGrad(
  f: (x: Tensor) => Tensor,
): (x: TensorLike, dy?: TensorLike) => { value: Tensor; grad: Tensor } {
  return (x, dy) => {
    const { value, grads } = differentiate("valueAndGrad", f, [x], dy);
    return { value, grad: grads[0]! };
  };
}

/** As `grads`, with the value of f beside them. */
export function valueAndGrads(
  f: (...xs: Tensor[]) => Tensor,
): (xs: readonly TensorLike[], dy?: TensorLike) => { value: Tensor; grads: Tensor[] } {
  return (xs, dy) => differentiate("valueAndGrads", f, xs, dy);
}

/**
 * The value of `f()`, one element, and its gradient by every trainable variable it used, or by those of a list (zeros
 * for those it did not use). Names are unique, else ArgumentError. What `f` made is freed, but for the value.
 */
export function variableGrads(
  f: () => Tensor,
  variables?: readonly Variable[],
): { value: Tensor; grads: NamedGradients } {
  if (variables?.some((one) => !(one instanceof Variable))) {
    throw new ArgumentError("variableGrads: the list holds something else than variables; make them with variable()");
  }
  return tidy(() => {
    const { value, tape } = recording(variables ?? "variables", f);
    const output = checkOutput("variableGrads", value);
    const chosen = variables ?? [...tape.variables()];
    checkNames(chosen);
    const seed = checkCotangent("variableGrads", output, undefined);
    const found = backward(tape, output, seed, chosen);
    const grads: NamedGradients = {};
    chosen.forEach((one, i) => {
      const gradient = found[i] ?? zeros(one.shape);
      owners.set(gradient, one);
      grads[one.name] = gradient;
    });
    return { value: handleOn(output), grads };
  });
}

const owners = new WeakMap<Tensor, Variable>();

/** Whose gradient a tensor is, when `variableGrads` made it: how an optimizer finds the variables. */
export function variableOf(gradient: Tensor): Variable | undefined {
  return owners.get(gradient);
}

/** What a function with a gradient of its own returns: its value, and dy ↦ the gradients of its inputs. */
export interface CustomGradient {
  value: Tensor;
  gradFunc: (dy: Tensor) => Tensor | Tensor[];
}

/**
 * An op with a gradient of your own: `f(...inputs)` returns `{ value, gradFunc }`; `gradFunc(dy)` gives one gradient
 * for each input, of its shape. The ops inside `f` are not recorded.
 */
export function customGrad(f: (...inputs: Tensor[]) => CustomGradient): (...inputs: TensorLike[]) => Tensor {
  return (...values) => {
    const inputs = values.map((value) => toTensor("customGrad", value));
    const { value, gradFunc } = withoutRecording(() => f(...inputs));
    checkOutput("customGrad", value);
    const output = inputs.includes(value) ? handleOn(value) : value;
    record({
      name: "customGrad",
      inputs,
      outputs: [output],
      adjoint: ([dy]) => checkGradients([gradFunc(dy!)].flat(), inputs),
    });
    return output;
  };
}

function differentiate(
  op: string,
  f: (...inputs: Tensor[]) => Tensor,
  xs: readonly TensorLike[],
  dy: TensorLike | undefined,
): { value: Tensor; grads: Tensor[] } {
  if (!Array.isArray(xs)) throw new ArgumentError(`${op}: the inputs are ${valueText(xs)}; pass an array of tensors`);
  return tidy(() => {
    // Handles of their own: the same tensor may come twice, and each place has a gradient.
    const inputs = xs.map((x) => handleOn(toTensor(op, x)));
    const { value, tape } = recording(inputs, () => f(...inputs));
    const output = checkOutput(op, value);
    const found = backward(tape, output, checkCotangent(op, output, dy), inputs);
    return { value: handleOn(output), grads: found.map((gradient, i) => gradient ?? zeros(inputs[i]!.shape)) };
  });
}

/** A new handle on the same values: an input that is watched apart, or a result that is not the caller's own tensor. */
function handleOn(tensor: Tensor): Tensor {
  const handle = shareTensor("gradient", tensor, tensor.shape);
  record({ name: "gradient", inputs: [tensor], outputs: [handle], adjoint: ([dy]) => [dy] });
  return handle;
}

function checkOutput(op: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ArgumentError(`${op}: the function returned ${valueText(value)}; return one tensor`);
}

function checkCotangent(op: string, y: Tensor, dy: TensorLike | undefined): Tensor {
  if (dy === undefined) {
    if (y.size === 1) return ones(y.shape);
    throw new ShapeError(`${op}: the function returned ${shapeText(y.shape)}; return one element, or pass dy`);
  }
  const seed = toTensor(op, dy);
  if (sameShape(seed.shape, y.shape)) return seed;
  throw new ShapeError(
    `${op}: dy is ${shapeText(seed.shape)}; the function returned ${shapeText(y.shape)}: make dy so`,
  );
}

function checkNames(variables: readonly Variable[]): void {
  const seen = new Set<string>();
  for (const { name } of variables) {
    if (seen.has(name))
      throw new ArgumentError(`variableGrads: two variables are named ${name}; give each its own name`);
    seen.add(name);
  }
}

function checkGradients(gradients: readonly Tensor[], inputs: readonly Tensor[]): Tensor[] {
  return inputs.map((input, i) => {
    const gradient = gradients[i];
    if (gradient instanceof Tensor && sameShape(gradient.shape, input.shape)) return gradient;
    const came = gradient instanceof Tensor ? shapeText(gradient.shape) : valueText(gradient);
    throw new ShapeError(`customGrad: gradFunc gave ${came} for input ${i}; return ${shapeText(input.shape)}`);
  });
}
