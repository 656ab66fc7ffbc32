import * as ek from "evenkeel";
import { describe, expect, it } from "vitest";
import type { Sequential } from "./sequential.ts";

/** What Keras 3.15.1 prints for the same model. */
const keras = `
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ batch_normalization             │ (None, 26, 26, 32)     │           128 │
│ (BatchNormalization)            │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ conv2d_1 (Conv2D)               │ (None, 24, 24, 64)     │        18,496 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ max_pooling2d (MaxPooling2D)    │ (None, 12, 12, 64)     │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 9216)           │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 128)            │     1,179,776 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 1,198,720 (4.57 MB)
 Trainable params: 1,198,656 (4.57 MB)
 Non-trainable params: 64 (256.00 B)`;

const kerasNarrow = `
┏━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┓
┃ Layer (type)             ┃ Output Shape      ┃   Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━┩
│ conv2d (Conv2D)          │ (None, 26, 26,    │       320 │
│                          │ 32)               │           │
├──────────────────────────┼───────────────────┼───────────┤
│ batch_normalization      │ (None, 26, 26,    │       128 │
│ (BatchNormalization)     │ 32)               │           │
└──────────────────────────┴───────────────────┴───────────┘`;

const kerasSmall = `Model: "small"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ long_long_long_long_long_long_… │ ?                      │   0 (unbuilt) │
│ (Dense)                         │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ batch_normalization_3           │ ?                      │   0 (unbuilt) │
│ (BatchNormalization)            │                        │               │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)`;

function text(model: Sequential, lineLength?: number): string {
  const lines: string[] = [];
  model.summary({ print: (line) => void lines.push(line), lineLength });
  return lines.join("\n");
}

const layers = () => [
  ek.layers.conv2d({ filters: 32, kernelSize: 3, inputShape: [28, 28, 1], name: "conv2d" }),
  ek.layers.batchNormalization({ name: "batch_normalization" }),
];

describe("summary", () => {
  it("prints what Keras prints", () => {
    const model = ek.sequential([
      ...layers(),
      ek.layers.conv2d({ filters: 64, kernelSize: 3, name: "conv2d_1" }),
      ek.layers.maxPooling2d({ poolSize: 2, name: "max_pooling2d" }),
      ek.layers.flatten({ name: "flatten" }),
      ek.layers.dense({ units: 128, name: "dense" }),
    ]);
    expect(text(model)).toBe(`Model: "${model.name}"${keras}`);
    expect(model.summary({ print: () => {} })).toBe(text(model));
    model.dispose();
  });

  it("breaks lines where they are short", () => {
    expect(text(ek.sequential(layers()), 60)).toContain(kerasNarrow);
  });

  it("knows layers that aren't built, long names and frozen layers", () => {
    const batchNormalization = ek.layers.batchNormalization({ trainable: false, name: "batch_normalization_3" });
    const dense = ek.layers.dense({ units: 3, name: "long_".repeat(12) });
    const model = ek.sequential({ layers: [dense, batchNormalization], name: "small" });
    expect(text(model)).toBe(kerasSmall);
    model.build([null, 5]);
    expect(text(model)).toContain("Total params: 30 (120.00 B)\n Trainable params: 18 (72.00 B)");
    dense.trainable = false;
    expect(text(model)).toContain("Trainable params: 0 (0.00 B)\n Non-trainable params: 30 (120.00 B)");
  });

  it("counts the optimizer's state once there is one, with the step and the learning rate", () => {
    const model = ek.sequential([ek.layers.dense({ units: 3, inputShape: [5] })]);
    model.compile({ optimizer: "adam", loss: "mse" });
    expect(text(model)).not.toContain("Optimizer");
    model.trainOnBatch(ek.ones([2, 5]), ek.ones([2, 3]));
    expect(text(model)).toContain("Total params: 56 (224.00 B)");
    expect(text(model)).toContain("Optimizer params: 38 (152.00 B)");
  });
});
