import { mnist } from "@evenkeel/datasets";
import * as ek from "evenkeel";
import { expect, it } from "vitest";
import { tutorial } from "../../packages/bench/src/tutorial.ts";

// One epoch instead of the tutorial's five, to keep the test short: the five reach more (packages/bench).
it("reads digits it has never seen after one epoch on 10,000", { timeout: 600_000 }, async () => {
  ek.setSeed(3);
  const { train, test } = await mnist({ offline: true, cache: false, seed: 3, log: () => {} });
  const images = (part: typeof train): ek.Tensor =>
    ek.tidy(() => ek.div(ek.reshape(part.images, [-1, 28, 28, 1]), 255));
  const model = tutorial();
  const { history } = await model.fit(images(train), ek.toCategorical(train.labels, 10), { batchSize: 128 });
  const { accuracy } = await model.evaluate(images(test), ek.toCategorical(test.labels, 10), { batchSize: 128 });
  expect(history["accuracy"]![0]).toBeGreaterThan(0.9);
  // Keras's moving statistics would still predict like chance here.
  expect(accuracy).toBeGreaterThan(0.95);
});
