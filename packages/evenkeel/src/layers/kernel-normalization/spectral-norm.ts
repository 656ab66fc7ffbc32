import { div } from "../../ops/binary.ts";
import { matMul } from "../../ops/matmul.ts";
import { copyTensor, type Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { randomNormal } from "../initializers.ts";
import { KernelNormalization } from "./kernel-normalization.ts";

/** Power iterations on the first kernel, as PyTorch has it. */
const warmUp = 15;

/**
 * W/σ with σ = uᵀ·Wᵀ·v, W seen as [fanIn, outputs]: its largest singular value as far as power iteration on u and v has
 * come (Miyato et al. 2018). A call in training does `powerIterations` of u ← Wᵀ·v/‖Wᵀ·v‖, v ← W·u/‖W·u‖ first, unless
 * the layer is frozen, after 15 when it is built. Backward u and v are constants; the kernel itself is never divided.
 * `vector_u` [1, outputs] and `vector_v` [1, fanIn] are weights that are not trained. As PyTorch's
 * parametrizations.spectral_norm with `dim` the output axis. Errors: ArgumentError where σ is 0.
 */
export class SpectralNorm extends KernelNormalization<{ powerIterations: number }> {
  protected override createWeights(w: Tensor): void {
    this.moved = ["vector_u", "vector_v"].map((name, i) =>
      this.owner.addWeight({ name, shape: [1, w.shape[1 - i]!], initializer: randomNormal(), trainable: false }),
    );
    for (const vector of this.moved) turn(vector, vector);
    this.#iterate(w, warmUp);
  }

  protected override move(w: Tensor): void {
    this.#iterate(w, this.options.powerIterations);
  }

  protected override normalize(w: Tensor): Tensor {
    // Copies, for the way back: another call may move the vectors before it.
    const [u, v] = this.moved.map((vector) => copyTensor("spectralNorm", vector)) as [Tensor, Tensor];
    const sigma = matMul(matMul(v, w), u, false, true);
    if (sigma.view("spectralNorm")[0] === 0) this.refuse("the spectral norm is 0; use another kernel");
    return div(w, sigma);
  }

  #iterate(w: Tensor, times: number): void {
    const [u, v] = this.moved as [Variable, Variable];
    for (let i = 0; i < times; i++) {
      turn(u, matMul(v, w));
      turn(v, matMul(u, w, false, true));
    }
  }
}

/** vector ← direction/‖direction‖; a kernel of zeros gives none, and turns nothing. */
function turn(vector: Variable, direction: Tensor): void {
  const length = Math.sqrt(direction.dataSync().reduce((sum, value) => sum + value * value, 0));
  if (length > 1e-12) vector.assign(div(direction, length));
}
