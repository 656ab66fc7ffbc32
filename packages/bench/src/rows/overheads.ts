import { javascript, kilobytes, ms, pythonFlat, type Row } from "./row.ts";

const eager = {
  job: "eagerOp",
  arrays: { first: { shape: [4] }, x: { shape: [4] } },
  contestants: ["evenkeel", ...pythonFlat, ...javascript],
  tolerance: 1e-4,
  targets: [ms(1e-3)],
} as const;

export const overheads: readonly Row[] = [
  { ...eager, id: "eager-op", title: "One eager add of four numbers", options: { tape: false } },
  {
    ...eager,
    id: "eager-op-tape",
    title: "One eager add of four numbers, on a tape, forward and backward",
    options: { tape: true },
  },
  {
    id: "size",
    title: "Size of each entry, minified and gzipped, WASM included",
    job: "size",
    options: {},
    arrays: {},
    contestants: ["evenkeel"],
    tolerance: 0,
    targets: [kilobytes(110)],
  },
];
