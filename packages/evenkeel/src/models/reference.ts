import type { Layer } from "../layers/layer.ts";
import { BatchNormalization } from "../layers/norm/batch-normalization.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";

/**
 * The reference batch of a model with virtual batch normalization (Salimans et al. 2016): the first batch that it
 * trained on. In each later step it passes through the layers once, as the weights then are, before the step's batch
 * does; gradients flow through both. Layers without a reference batch are in inference mode for it.
 */
export class Reference {
  #batch: Variable | undefined;

  /** Gives the layers the moments of the reference batch, or makes x the reference where there is none. */
  pass(layers: readonly Layer[], x: Tensor): void {
    const last = layers.findLast((layer) => isVirtual(layer));
    if (last === undefined) return;
    if (this.#batch === undefined || last.runningStats.count === 0) return this.set(x);
    let y: Tensor = this.#batch;
    for (const layer of layers.slice(0, layers.indexOf(last) + 1)) {
      y = isVirtual(layer) ? layer.refer(y) : layer.apply(y);
    }
  }

  get batch(): Tensor | undefined {
    return this.#batch;
  }

  set(x: Tensor | undefined): void {
    this.#batch?.dispose();
    this.#batch = x && new Variable(x, false, "reference_batch");
  }
}

function isVirtual(layer: Layer): layer is BatchNormalization {
  return layer instanceof BatchNormalization && layer.followsReference;
}
