import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";

describe("grad", () => {
  it("adds up where paths meet, and takes a cotangent", () => {
    const f = (x: ek.Tensor): ek.Tensor => ek.add(ek.mul(x, x), ek.mul(x, 3));
    expect(ek.grad(f)([1, 2], [1, 10]).arraySync()).toEqual([5, 70]);
    expect(
      ek
        .grad((x) => ek.sum(f(x)))([1, 2])
        .arraySync(),
    ).toEqual([5, 7]);
    expect(
      ek
        .grad((x) => x)(4)
        .arraySync(),
    ).toBe(1);
  });

  it("gives each place of the same tensor its own gradient, zeros where nothing flows", () => {
    const x = ek.tensor([2, 3]);
    const { value, grads } = ek.valueAndGrads((a, b, _c) => ek.sum(ek.sub(ek.mul(a, 5), b)))([x, x, x]);
    expect(value.arraySync()).toBe(20);
    expect(grads.map((each) => each.arraySync())).toEqual([
      [5, 5],
      [-1, -1],
      [0, 0],
    ]);
  });

  it("leaves no tensor behind, also when the function throws", () => {
    const x = ek.tensor([1, 2]);
    const before = ek.memory().numTensors;
    const gradient = ek.grad((t) => ek.sum(ek.exp(ek.mul(t, t))))(x);
    expect(ek.memory().numTensors).toBe(before + 1);
    gradient.dispose();
    const failing = ek.grad((t) => {
      ek.exp(t);
      throw new Error("stop");
    });
    expect(() => failing(x)).toThrow("stop");
    expect(() => ek.grad((t) => ek.exp(t))(x)).toThrow(
      "grad: the function returned [2]; return one element, or pass dy",
    );
    expect(() => ek.grad((t) => ek.exp(t))(x, [1])).toThrow("dy is [1]");
    expect(ek.memory().numTensors).toBe(before);
    expect(x.arraySync()).toEqual([1, 2]);
  });

  it("leaves no tensor behind when an adjoint throws, whatever gradients have arrived by then", () => {
    const x = ek.tensor([1, 2]);
    const before = ek.memory();
    const failing = ek.customGrad((a, b) => ({
      value: ek.add(a, b),
      gradFunc: () => {
        throw new Error("stop");
      },
    }));
    const f = (a: ek.Tensor, b: ek.Tensor): ek.Tensor => ek.sum(ek.mul(ek.mul(failing(ek.exp(a), b), b), a));
    expect(() => ek.grads(f)([x, x])).toThrow("stop");
    expect(ek.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    x.dispose();
  });

  it("reaches through scopes inside of the function", () => {
    const before = ek.memory().numTensors;
    const f = (x: ek.Tensor): ek.Tensor =>
      ek.tidy(() =>
        ek.mul(
          ek.tidy(() => ek.exp(ek.mul(x, 2))),
          x,
        ),
      );
    const gradient = ek.grad((x) => ek.sum(f(x)))([0, 0]);
    expect(gradient.arraySync()).toEqual([1, 1]);
    expect(ek.memory().numTensors).toBe(before + 1);
    gradient.dispose();
  });

  it("refuses the gradient of a gradient, but allows an inner gradient as a constant", () => {
    const square = (x: ek.Tensor): ek.Tensor => ek.sum(ek.mul(x, x));
    expect(() => ek.grad((x) => ek.sum(ek.grad(square)(x)))([3])).toThrow("only first order");
    const constant = ek.grad(square)([3]);
    expect(
      ek
        .grad((x) => ek.sum(ek.mul(x, constant)))([1])
        .arraySync(),
    ).toEqual([6]);
  });
});

describe("variableGrads", () => {
  it("names the gradients of trainable variables that were used", () => {
    const a = ek.variable([2], { name: "a" });
    const b = ek.variable([3], { name: "b" });
    const frozen = ek.variable([4], { name: "frozen", trainable: false });
    const unused = ek.variable([5], { name: "unused" });
    const f = (): ek.Tensor => ek.sum(ek.mul(ek.mul(a, b), frozen));
    const { value, grads } = ek.variableGrads(f);
    expect(value.arraySync()).toBe(24);
    expect(Object.keys(grads).toSorted()).toEqual(["a", "b"]);
    expect(grads["a"]!.arraySync()).toEqual([12]);
    expect(ek.variableGrads(f, [b, unused]).grads["unused"]!.arraySync()).toEqual([0]);
    const twin = ek.variable([1], { name: "a" });
    expect(() => ek.variableGrads(() => ek.sum(ek.mul(a, twin)))).toThrow("two variables are named a");
    ek.dispose([a, b, frozen, unused, twin]);
  });
});

describe("customGrad", () => {
  it("uses the gradient it is given", () => {
    const clipped = ek.customGrad((x) => ({ value: ek.mul(x, 2), gradFunc: (dy) => ek.mul(dy, 100) }));
    expect(
      ek
        .grad((x) => ek.sum(clipped(x)))([1, 2])
        .arraySync(),
    ).toEqual([100, 100]);
    const wrong = ek.customGrad((x) => ({ value: ek.mul(x, 2), gradFunc: () => ek.tensor([1, 2, 3]) }));
    expect(() => ek.grad((x) => ek.sum(wrong(x)))([1, 2])).toThrow("gradFunc gave [3] for input 0; return [2]");
    const same = ek.customGrad((x) => ({ value: x, gradFunc: (dy) => ek.neg(dy) }));
    expect(
      ek
        .grad((x) => ek.sum(same(x)))([1])
        .arraySync(),
    ).toEqual([-1]);
  });
});
