import { python, type Row, share } from "./row.ts";

/** The name of a layer and its options. */
type Made = readonly [layer: string, options: Readonly<Record<string, unknown>>];

const images = [128, 26, 26, 32];
const flat = [4096, 512];

/** A layer that is made of the kernel of another one, and may take 1.5 times as long. */
function variant(id: string, title: string, layer: Made, kernel: Made, shape = images, condition?: number[]): Row {
  return {
    id,
    title: `${title}, training, forward and backward, [${shape.join()}]`,
    job: "normVariant",
    options: { layer, kernel },
    arrays: { x: { shape }, dy: { shape }, ...(condition && { condition: { shape: condition } }) },
    contestants: ["evenkeel", "shared"],
    targets: [share(1.5, "shared")],
    tolerance: 0,
  };
}

const batch: Made = ["batchNormalization", {}];
const group: Made = ["groupNormalization", { groups: -1 }];
const dense = (kernelNormalization?: string): Made => ["dense", { units: 512, kernelNormalization }];
const kernelNorm = (name: string, title: string): Row =>
  variant(`${name}-kernel`, `Dense layer, ${title}`, dense(name), dense(), [512, 512]);
const affine = { scale: true, center: true };

export const normVariants: readonly Row[] = [
  variant("batch-renorm", "Batch renormalization", ["batchRenormalization", {}], batch),
  variant("ghost-batch-norm", "Ghosts of 32", ["ghostBatchNormalization", { ghostBatchSize: 32 }], batch),
  variant("virtual-batch-norm", "Virtual batch normalization", ["virtualBatchNormalization", {}], batch),
  variant(
    "conditional-batch-norm",
    "Conditional batch normalization, 8 features",
    ["conditionalBatchNormalization", { condition: { features: 8 } }],
    batch,
    images,
    [128, 8],
  ),
  variant("instance-norm", "InstanceNorm", ["instanceNormalization", affine], group),
  variant("adaptive-instance-norm", "AdaIN", ["adaptiveInstanceNormalization", {}], group, images, images),
  variant("switchable-norm", "Switchable normalization", ["switchableNormalization", {}], group),
  variant("instance-batch-norm", "Instance-batch normalization", ["instanceBatchNormalization", {}], group),
  variant("unit-norm", "Unit normalization", ["unitNormalization", {}], ["rmsNormalization", {}], flat),
  kernelNorm("weight", "weight normalization"),
  kernelNorm("standardized", "weight standardization"),
  kernelNorm("spectral", "spectral normalization"),
  {
    id: "local-response-norm",
    title: `Local response normalization, forward and backward, [${images.join()}]`,
    job: "localResponse",
    options: {},
    // γ and β are of no use here, but PyTorch's job for all norms reads them.
    arrays: { x: { shape: images }, dy: { shape: images }, gamma: { shape: [32] }, beta: { shape: [32] } },
    contestants: ["evenkeel", ...python, "tfjs-wasm"],
    targets: [share(1, ["torch-last", "torch-first"])],
    tolerance: 1e-4,
  },
];
