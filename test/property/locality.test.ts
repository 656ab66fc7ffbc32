import * as ek from "evenkeel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, seeds } from "./arbitraries.ts";
import { normals, sizeOf } from "./values.ts";

const { layers } = ek;
const shape = [4, 3, 2, 6];
type Place = readonly [sample: number, row: number, column: number, channel: number];
/** Whether an output at one place may depend on the input at another. */
type Reach = (a: Place, b: Place) => boolean;

const sameSample: Reach = ([a], [b]) => a === b;
const sameChannel: Reach = (a, b) => a[3] === b[3];
const samePosition: Reach = (a, b) => [0, 1, 2].every((axis) => a[axis] === b[axis]);
const both =
  (f: Reach, g: Reach): Reach =>
  (a, b) =>
    f(a, b) && g(a, b);

const norms: [name: string, make: () => ek.Layer, reach: Reach, options?: ek.CallOptions][] = [
  ["batch", () => layers.batchNormalization(), sameChannel],
  ["renorm", () => layers.batchNormalization({ renorm: true }), sameChannel],
  [
    "ghost",
    () => layers.ghostBatchNormalization({ ghostBatchSize: 2 }),
    both(sameChannel, ([a], [b]) => a >> 1 === b >> 1),
  ],
  [
    "conditional",
    () => layers.conditionalBatchNormalization({ condition: { classes: 2 } }),
    sameChannel,
    { condition: [0, 1, 0, 1] },
  ],
  ["layer", () => layers.layerNormalization(), samePosition],
  ["layer, all axes", () => layers.layerNormalization({ axis: [1, 2, 3] }), sameSample],
  ["RMS", () => layers.rmsNormalization(), samePosition],
  ["group", () => layers.groupNormalization({ groups: 3 }), both(sameSample, (a, b) => a[3] >> 1 === b[3] >> 1)],
  ["instance", () => layers.instanceNormalization(), both(sameSample, sameChannel)],
  ["instance and batch", () => layers.instanceBatchNormalization(), sameChannel],
  ["switchable", () => layers.switchableNormalization(), (a, b) => sameSample(a, b) || sameChannel(a, b)],
  ["unit", () => layers.unitNormalization(), samePosition],
  [
    "local response",
    () => layers.localResponseNormalization({ depthRadius: 1 }),
    both(samePosition, (a, b) => Math.abs(a[3] - b[3]) <= 1),
  ],
];

const placeOf = (i: number): Place => [Math.floor(i / 36), Math.floor(i / 12) % 3, Math.floor(i / 6) % 2, i % 6];

describe("an input that is NaN or infinite stays in the set that shares its statistics", () => {
  it.each(norms)("%s", (_, make, reach, options) => {
    check(
      fc.property(
        fc.nat(sizeOf(shape) - 1),
        fc.constantFrom(Number.NaN, Infinity, -Infinity),
        seeds,
        (place, bad, seed) => {
          ek.tidy(() => {
            const values = normals(shape, seed).dataSync();
            const outputs = [values[place]!, bad].map((value) => {
              const layer = make();
              const x = ek.tensor(values.with(place, value), shape);
              const y = layer.apply(x, { training: true, ...options }).dataSync();
              layer.dispose();
              return y;
            });
            const [clean, dirty] = outputs as [ek.DataArray, ek.DataArray];
            for (const [i, value] of clean.entries()) {
              if (reach(placeOf(i), placeOf(place))) continue;
              expect(Math.abs(dirty[i]! - value), `output ${i} of an input ${place}`).toBeLessThan(1e-5);
            }
          });
        },
      ),
      30,
    );
  });
});
