import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, shapes } from "./arbitraries.ts";
import { indicesOf, placeOf, sizeOf } from "./values.ts";

const dtypes = fc.constantFrom("float32", "int32");

/** A tensor of distinct whole numbers, so that every value says where it came from. */
const tensors = fc.record({ shape: shapes(0, 5, 0, 4), dtype: dtypes });
const nonScalars = fc.record({ shape: shapes(1, 5, 0, 4), dtype: dtypes });

function counting({ shape, dtype }: { shape: readonly number[]; dtype: string }): ek.Tensor {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => i - 3);
  return dtype === "int32" ? ek.tensor(new Int32Array(values), shape) : ek.tensor(new Float32Array(values), shape);
}

/** A permutation of 0 to n − 1. */
const orders = (n: number): fc.Arbitrary<number[]> => {
  const axes = Array.from({ length: n }, (_, i) => i);
  return fc.shuffledSubarray(axes, { minLength: n, maxLength: n });
};

function expectSame(y: ek.Tensor, x: ek.Tensor): void {
  expect({ shape: y.shape, dtype: y.dtype, values: y.dataSync() }).toEqual({
    shape: x.shape,
    dtype: x.dtype,
    values: x.dataSync(),
  });
}

/** Compares with the value that `from` says each place comes from. */
function expectFrom(y: ek.Tensor, x: ek.Tensor, from: (indices: number[]) => number[]): void {
  const values = x.dataSync();
  const expected = y.dataSync().map((_, place) => values[placeOf(from(indicesOf(place, y.shape)), x.shape)]!);
  expect(y.dtype).toBe(x.dtype);
  expect(y.dataSync()).toEqual(expected);
}

describe("round trips", () => {
  it("reshape there and back, also with one size left open", () => {
    check(
      fc.property(tensors, fc.nat(), (options, pick) => {
        ek.tidy(() => {
          const x = counting(options);
          const flat = ek.flatten(x);
          expect(flat.shape).toEqual([x.size]);
          expectSame(ek.reshape(flat, x.shape), x);
          if (x.rank === 0 || x.size === 0) return;
          const open = pick % x.rank;
          expectSame(
            ek.reshape(
              flat,
              x.shape.map((size, axis) => (axis === open ? -1 : size)),
            ),
            x,
          );
          expectSame(ek.squeeze(ek.expandDims(x, open), [open]), x);
        });
      }),
    );
  });

  it("transpose and its inverse; each value goes where it should", () => {
    const cases = tensors.chain((options) => fc.tuple(fc.constant(options), orders(options.shape.length)));
    check(
      fc.property(cases, ([options, order]) => {
        ek.tidy(() => {
          const x = counting(options);
          const y = ek.transpose(x, order);
          expect(y.shape).toEqual(order.map((axis) => x.shape[axis]));
          expectFrom(y, x, (indices) => x.shape.map((_, axis) => indices[order.indexOf(axis)]!));
          expectSame(
            ek.transpose(
              y,
              order.map((_, axis) => order.indexOf(axis)),
            ),
            x,
          );
        });
      }),
    );
  });

  it("pad, then slice out what was there; the rest is the value", () => {
    const cases = tensors.chain((options) => {
      const { length } = options.shape;
      const amounts = fc.tuple(fc.nat(3), fc.nat(3));
      return fc.tuple(fc.constant(options), fc.array(amounts, { minLength: length, maxLength: length }));
    });
    check(
      fc.property(cases, ([options, paddings]) => {
        ek.tidy(() => {
          const x = counting(options);
          const y = ek.pad(x, paddings, 77);
          expectSame(
            ek.slice(
              y,
              paddings.map(([before]) => before),
              x.shape,
            ),
            x,
          );
          expect(y.dataSync().filter((value) => value === 77)).toHaveLength(
            y.size - x.dataSync().filter((value) => value !== 77).length,
          );
        });
      }),
    );
  });

  it("slice into pieces along an axis, then concat", () => {
    const cases = fc.tuple(nonScalars, fc.nat(), fc.array(fc.nat(4), { maxLength: 4 }));
    check(
      fc.property(cases, ([options, pick, cuts]) => {
        ek.tidy(() => {
          const x = counting(options);
          const axis = pick % x.rank;
          const ends = [...cuts.map((cut) => Math.min(cut, x.shape[axis]!)).toSorted((a, b) => a - b), x.shape[axis]!];
          const pieces = ends.map((end, i) => {
            const start = ends[i - 1] ?? 0;
            return ek.slice(
              x,
              x.shape.map((_, at) => (at === axis ? start : 0)),
              x.shape.with(axis, end - start),
            );
          });
          expectSame(ek.concat(pieces, axis - x.rank), x);
        });
      }),
    );
  });

  it("gather by a permutation, then by its inverse; repeated indices too", () => {
    const cases = nonScalars.chain((options) => {
      const axis = fc.nat(options.shape.length - 1);
      return axis.chain((at) => fc.tuple(fc.constant(options), fc.constant(at), orders(options.shape[at]!)));
    });
    check(
      fc.property(cases, shapes(0, 3, 1, 3), ([options, axis, order], shape) => {
        ek.tidy(() => {
          const x = counting(options);
          const inverse = order.map((_, i) => order.indexOf(i));
          const index = (values: number[]): ek.Tensor => ek.tensor(new Int32Array(values), [values.length]);
          expectSame(ek.gather(ek.gather(x, index(order), axis), index(inverse), axis), x);
          if (order.length === 0) return;
          const places = Array.from({ length: sizeOf(shape) }, (_, i) => order[(i * i) % order.length]!);
          const y = ek.gather(x, ek.tensor(new Int32Array(places), shape), axis);
          expect(y.shape).toEqual([...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)]);
          expectFrom(y, x, (indices) => {
            const place = places[placeOf(indices.slice(axis, axis + shape.length), shape)]!;
            return [...indices.slice(0, axis), place, ...indices.slice(axis + shape.length)];
          });
        });
      }),
    );
  });

  it("oneHot, then argMax", () => {
    const cases = shapes(0, 3, 0, 4).chain((shape) => {
      const length = sizeOf(shape);
      return fc.tuple(fc.constant(shape), fc.array(fc.nat(6), { minLength: length, maxLength: length }));
    });
    check(
      fc.property(cases, ([shape, labels]) => {
        ek.tidy(() => {
          const x = ek.tensor(new Int32Array(labels), shape);
          const y = ek.oneHot(x, 7);
          expect(ek.sum(y).dataSync()[0]).toBe(labels.length);
          expectSame(ek.argMax(y), x);
        });
      }),
    );
  });
});
