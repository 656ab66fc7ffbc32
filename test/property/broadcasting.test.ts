import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, shapes } from "./arbitraries.ts";
import { indicesOf, placeOf, sizeOf } from "./values.ts";

interface Operand {
  shape: number[];
  values: number[];
}

const anyFloat = fc.float();
const bounded = fc.float({ min: -1000, max: 1000, noNaN: true });

/** Two operands that broadcast to one shape: axes of either may be 1, leading ones may be left out. */
function operands(value: fc.Arbitrary<number>): fc.Arbitrary<{ shape: number[]; a: Operand; b: Operand }> {
  return shapes(0, 4, 0, 4).chain((shape) => {
    const axes = { minLength: shape.length, maxLength: shape.length };
    const choices = fc.record({
      ones: fc.array(fc.constantFrom("a", "b", "none"), axes),
      dropped: fc.tuple(fc.constantFrom("a", "b"), fc.nat(shape.length)),
    });
    return choices.chain(({ ones, dropped: [side, count] }) => {
      const operand = (name: string): fc.Arbitrary<Operand> => {
        const own = shape.map((size, axis) => (ones[axis] === name ? 1 : size)).slice(side === name ? count : 0);
        const length = sizeOf(own);
        return fc.array(value, { minLength: length, maxLength: length }).map((values) => ({ shape: own, values }));
      };
      // An axis that one operand leaves out has the size of the other one's.
      const whole = shape.map((size, axis) =>
        axis < count && ones[axis] !== "none" && ones[axis] !== side ? 1 : size,
      );
      return fc.record({ shape: fc.constant(whole), a: operand("a"), b: operand("b") });
    });
  });
}

/** The value of an operand at a place of the result. */
function valueAt({ shape, values }: Operand, indices: readonly number[]): number {
  const own = indices.slice(indices.length - shape.length).map((index, axis) => (shape[axis] === 1 ? 0 : index));
  return values[placeOf(own, shape)]!;
}

/** Each op in JavaScript's float64, rounded to float32, which for these is exact. */
const exact: [name: string, op: typeof ek.add, (a: number, b: number) => number][] = [
  ["add", ek.add, (a, b) => a + b],
  ["sub", ek.sub, (a, b) => a - b],
  ["mul", ek.mul, (a, b) => a * b],
  ["div", ek.div, (a, b) => a / b],
  ["maximum", ek.maximum, Math.max],
  ["minimum", ek.minimum, Math.min],
  ["equal", ek.equal, (a, b) => Number(a === b)],
  ["greater", ek.greater, (a, b) => Number(a > b)],
  ["less", ek.less, (a, b) => Number(a < b)],
  ["greaterEqual", ek.greaterEqual, (a, b) => Number(a >= b)],
  ["lessEqual", ek.lessEqual, (a, b) => Number(a <= b)],
  ["squaredDifference", ek.squaredDifference, (a, b) => Math.fround(a - b) * Math.fround(a - b)],
];

function compute(op: typeof ek.add, a: Operand, b: Operand): { shape: readonly number[]; values: number[] } {
  return ek.tidy(() => {
    const y = op(ek.tensor(new Float32Array(a.values), a.shape), ek.tensor(new Float32Array(b.values), b.shape));
    return { shape: y.shape, values: [...y.dataSync()] };
  });
}

describe("broadcasting agrees with a loop over all places", () => {
  it.each(exact)("%s, for all float32 values", (_, op, f) => {
    check(
      fc.property(operands(anyFloat), ({ shape, a, b }) => {
        const y = compute(op, a, b);
        expect(y.shape).toEqual(shape);
        const expected = y.values.map((_, place) => {
          const indices = indicesOf(place, shape);
          return Math.fround(f(valueAt(a, indices), valueAt(b, indices)));
        });
        // +0 and -0 are equal to a user.
        expect(y.values.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
      }),
    );
  });

  it("pow, to 3 units in the last place of float32", () => {
    check(
      fc.property(operands(fc.float({ min: Math.fround(0.01), max: 30, noNaN: true })), ({ shape, a, b }) => {
        const y = compute(ek.pow, a, b);
        y.values.forEach((value, place) => {
          const indices = indicesOf(place, shape);
          const expected = Math.fround(Math.pow(valueAt(a, indices), valueAt(b, indices)));
          if (expected < 1e-37 || !Number.isFinite(expected)) return;
          expect(Math.abs(value - expected)).toBeLessThanOrEqual(3 * 1.2e-7 * expected);
        });
      }),
    );
  });

  it("gradients are summed over the places that an operand was repeated to", () => {
    check(
      fc.property(operands(bounded), ({ shape, a, b }) => {
        const sums = ek.tidy(() => {
          const inputs = [a, b].map(({ values, shape: own }) => ek.tensor(new Float32Array(values), own));
          const found = ek.grads((x, y) => ek.sub(x, y))(inputs, ek.ones(shape));
          return found.map((each) => ({ shape: each.shape, values: [...each.dataSync()] }));
        });
        [a, b].forEach((operand, i) => {
          const repeats = sizeOf(operand.shape) === 0 ? 0 : sizeOf(shape) / sizeOf(operand.shape);
          const value = repeats === 0 ? 0 : i === 0 ? repeats : -repeats;
          expect(sums[i]).toEqual({ shape: operand.shape, values: operand.values.map(() => value) });
        });
      }),
    );
  });
});
