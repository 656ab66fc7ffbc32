import * as ek from "evenkeel";
import { expect } from "vitest";
import { dot } from "../property/values.ts";

/**
 * The derivative at 0 of a smooth function, from central differences with steps h and h/2 combined so that the terms in
 * h² cancel (Richardson). The values come from float32 ops: h is large enough for their rounding not to matter.
 */
export function derivative(f: (t: number) => number, h = 1 / 64): number {
  const central = (step: number): number => (f(step) - f(-step)) / (2 * step);
  return (4 * central(h / 2) - central(h)) / 3;
}

const directions = 8;

/** Uniform in [−1, 1), fixed by the seed: no step is long enough to reach a kink. */
function direction(shape: readonly number[], seed: number): ek.Tensor {
  return ek.randomUniform([...shape], -1, 1, "float32", seed);
}

/**
 * Compares `gradient` with the slopes of `f` along random directions; `f(values)` is Σ g·y there. A wrong element
 * of the gradient shows in all directions but those across it, which random ones are not.
 */
export function expectGradient(
  what: string,
  input: ek.Tensor,
  gradient: ek.Tensor,
  f: (values: ek.Tensor) => number,
): void {
  expect({ what, shape: gradient.shape }).toEqual({ what, shape: input.shape });
  const size = Math.sqrt(dot(gradient, gradient));
  for (let seed = 0; seed < directions; seed++) {
    ek.tidy(() => {
      const v = direction(input.shape, 1000 + seed);
      const slope = derivative((t) => ek.tidy(() => f(ek.add(input, ek.mul(v, t)))));
      const tolerance = 1e-3 * Math.max(size, 0.1);
      const found = dot(gradient, v);
      if (Math.abs(slope - found) < tolerance) return;
      throw new Error(`${what}: the slope along direction ${seed} is ${slope}, by the gradient ${found}`);
    });
  }
}

/** Adjoints know which gradients are wanted: each alone must be what it is among the others. */
function expectSame(what: string, alone: ek.Tensor, together: ek.Tensor | undefined): void {
  expect({ what, values: alone.arraySync() }).toEqual({ what, values: together?.arraySync() });
}

/** Checks the gradients of `f` for all of its inputs, with a random cotangent. */
export function checkGradients(f: (...xs: ek.Tensor[]) => ek.Tensor, inputs: readonly ek.Tensor[]): void {
  ek.tidy(() => {
    const shape = ek.tidy(() => f(...inputs).shape);
    const g = ek.randomNormal([...shape], 0, 1, "float32", 77);
    const together = ek.grads(f)(inputs, g);
    inputs.forEach((input, i) => {
      const ofInput = (values: ek.Tensor): ek.Tensor => f(...inputs.map((each, at) => (at === i ? values : each)));
      const gradient = ek.grad(ofInput)(input, g);
      expectSame(`input ${i}`, gradient, together[i]);
      expectGradient(`input ${i}`, input, gradient, (values) => dot(ofInput(values), g));
    });
  });
}

/** Checks the gradients of a layer: of each trainable weight, and of its input. `before` is called before each pass. */
export function checkLayer(
  layer: ek.Layer,
  x: ek.Tensor,
  { before = () => {}, ...options }: ek.CallOptions & { before?: () => void } = {},
): void {
  ek.tidy(() => {
    const apply = (input: ek.Tensor): ek.Tensor => {
      before();
      return layer.apply(input, { training: true, ...options });
    };
    const g = ek.randomNormal([...apply(x).shape], 0, 1, "float32", 78);
    const loss = (): ek.Tensor => ek.sum(ek.mul(apply(x), g));
    const weights = layer.trainableWeights;
    const together = ek.variableGrads(loss, weights).grads;
    expect(Object.keys(together)).toEqual(weights.map(({ name }) => name));
    for (const weight of weights) {
      const start = ek.mul(weight, 1);
      const gradient = ek.variableGrads(loss, [weight]).grads[weight.name]!;
      expectSame(weight.name, gradient, together[weight.name]);
      expectGradient(weight.name, start, gradient, (values) => {
        weight.assign(values);
        const value = dot(apply(x), g);
        weight.assign(start);
        return value;
      });
    }
    expectGradient("the input", x, ek.grad(apply)(x, g), (values) => dot(apply(values), g));
  });
}
