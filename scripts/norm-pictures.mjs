// Draws the pictures of docs/norms.md: `node scripts/norm-pictures.mjs` writes docs/norms/*.svg. A block of batch ×
// channels × space stands for a tensor, and one set S, the values that share a mean and a variance, is coloured.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./lib/run.mjs";

/** @typedef {readonly [first: number, end: number]} Range */
/** @typedef {{ batch: Range, channels: Range, space: Range, colour?: number, text: string }} Shared */
/** @typedef {{ sets: readonly Shared[], axes?: readonly [batch: string, channels: string, space: string] }} Picture */

const sizes = { batch: 4, channels: 6, space: 4 };
/** @type {Range} */
const wholeBatch = [0, 4];
/** @type {Range} */
const oneSample = [0, 1];
/** @type {Range} */
const allChannels = [0, 6];
/** @type {Range} */
const oneChannel = [5, 6];
/** @type {Range} */
const allSpace = [0, 4];
/** @type {Range} */
const onePlace = [0, 1];

const channel = { batch: wholeBatch, channels: oneChannel, space: allSpace };
const place = { batch: oneSample, channels: allChannels, space: onePlace };

const output = { batch: oneSample, channels: allChannels, space: allSpace };
/** @type {[string, string, string]} */
const ofKernel = ["outputs", "inputs", "window"];

/**
 * Which elements share statistics, one picture a norm. Sets that overlap are drawn in order, the last on top.
 * @type {Readonly<Record<string, Picture>>}
 */
export const pictures = {
  "batch-normalization": { sets: [{ ...channel, text: "S: one channel of the whole batch" }] },
  "batch-renormalization": { sets: [{ ...channel, text: "S: one channel of the whole batch" }] },
  "ghost-batch-normalization": {
    sets: [
      { ...channel, batch: [0, 2], text: "S: one channel of one ghost" },
      { ...channel, batch: [2, 4], colour: 1, text: "the same of the next ghost" },
    ],
  },
  "virtual-batch-normalization": {
    sets: [
      { ...channel, batch: oneSample, text: "S: one channel of the sample" },
      { ...channel, batch: [1, 4], colour: 1, text: "and of the reference batch" },
    ],
  },
  "conditional-batch-normalization": { sets: [{ ...channel, text: "S: one channel of the whole batch" }] },
  "layer-normalization": { sets: [{ ...place, text: "S: all channels of one place" }] },
  "rms-normalization": { sets: [{ ...place, text: "S: all channels of one place" }] },
  "group-normalization": {
    sets: [{ batch: oneSample, channels: [3, 6], space: allSpace, text: "S: one group of one sample" }],
  },
  "instance-normalization": { sets: [{ ...channel, batch: oneSample, text: "S: one channel of one sample" }] },
  "adaptive-instance-normalization": {
    sets: [{ ...channel, batch: oneSample, text: "S: one channel of one sample" }],
  },
  "switchable-normalization": {
    sets: [
      { ...channel, colour: 2, text: "batch: one channel" },
      { batch: oneSample, channels: allChannels, space: allSpace, colour: 1, text: "layer: one sample" },
      { ...channel, batch: oneSample, text: "instance: in both of them" },
    ],
  },
  "instance-batch-normalization": {
    sets: [
      { batch: oneSample, channels: [2, 3], space: allSpace, text: "S: one channel of one sample" },
      { ...channel, colour: 1, text: "S: one channel of the whole batch" },
    ],
  },
  "unit-normalization": { sets: [{ ...place, text: "S: all channels of one place" }] },
  "local-response-normalization": {
    sets: [
      { ...place, channels: [1, 6], text: "S: channels up to 2 away" },
      { ...place, channels: [3, 4], colour: 1, text: "from this one" },
    ],
  },
  "weight-normalization": { axes: ofKernel, sets: [{ ...output, text: "S: the kernel of one output" }] },
  "weight-standardization": { axes: ofKernel, sets: [{ ...output, text: "S: the kernel of one output" }] },
  "spectral-normalization": {
    axes: ofKernel,
    sets: [{ ...output, batch: wholeBatch, text: "S: the whole kernel" }],
  },
  "input-normalization": {
    axes: ["samples", "features", "time"],
    sets: [{ ...channel, text: "S: one feature of all training data" }],
  },
};

const colours = ["#2f7de1", "#e8833a", "#3a9d5d"];
const [blank, line, ink] = ["#eef1f5", "#8b95a5", "#6b7280"];
const font = 'font-family="sans-serif" font-size="11"';
const cell = 18;
/** How far a step into the batch goes to the right and up. */
const [right, up] = [9, 7];
const [left, top] = [34, 42];

/** @param {Picture} picture @returns {string} */
export function draw({ sets, axes = ["batch", "channels", "space"] }) {
  /** @param {number} n @param {number} c @param {number} s */
  const at = (n, c, s) => [left + c * cell + n * right, top + s * cell - n * up];
  /** @param {number} n @param {number} c @param {number} s */
  const colour = (n, c, s) => {
    const set = sets.findLast(
      ({ batch, channels, space }) => inside(n, batch) && inside(c, channels) && inside(s, space),
    );
    return set === undefined ? blank : colours[set.colour ?? 0];
  };
  /** @param {string | undefined} fill @param {number[][]} corners */
  const face = (fill, ...corners) => `  <path d="M${corners.map((one) => one.join()).join("L")}Z" fill="${fill}"/>`;
  const faces = [];
  for (let s = 0; s < sizes.space; s++) {
    for (let c = 0; c < sizes.channels; c++) {
      faces.push(face(colour(0, c, s), at(0, c, s), at(0, c + 1, s), at(0, c + 1, s + 1), at(0, c, s + 1)));
    }
  }
  for (let n = 0; n < sizes.batch; n++) {
    for (let c = 0; c < sizes.channels; c++) {
      faces.push(face(colour(n, c, 0), at(n, c, 0), at(n, c + 1, 0), at(n + 1, c + 1, 0), at(n + 1, c, 0)));
    }
    for (let s = 0; s < sizes.space; s++) {
      const c = sizes.channels;
      faces.push(face(colour(n, c - 1, s), at(n, c, s), at(n + 1, c, s), at(n + 1, c, s + 1), at(n, c, s + 1)));
    }
  }
  const bottom = top + sizes.space * cell;
  const width = 250;
  const height = bottom + 24 + 16 * sets.length;
  const turned = `translate(${left - 8} ${top + (sizes.space * cell) / 2}) rotate(-90)`;
  const middle = left + (sizes.channels * cell) / 2;
  const [batch, channels, space] = axes;
  const legend = sets.flatMap(({ colour = 0, text }, i) => [
    `  <rect x="${left}" y="${bottom + 24 + 16 * i}" width="10" height="10" fill="${colours[colour]}"/>`,
    `  <text x="${left + 15}" y="${bottom + 33 + 16 * i}">${text}</text>`,
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${font}>`,
    `<g stroke="${line}" stroke-width="0.7" stroke-linejoin="round">`,
    ...faces,
    "</g>",
    `<g fill="${ink}">`,
    `  <text x="${middle}" y="${bottom + 14}" text-anchor="middle">${channels}</text>`,
    `  <text transform="${turned}" text-anchor="middle">${space}</text>`,
    `  <text x="${left + 6}" y="${top - sizes.batch * up + 6}" text-anchor="middle">${batch}</text>`,
    ...legend,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** @param {number} i @param {Range} range */
const inside = (i, [first, end]) => i >= first && i < end;

export const folder = join(root, "docs", "norms");

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, picture] of Object.entries(pictures)) writeFileSync(join(folder, `${name}.svg`), draw(picture));
}
