import { DataError } from "../../errors.ts";
import { div, mul } from "../../ops/binary.ts";
import { channelMoments } from "../../ops/norm.ts";
import { sum } from "../../ops/reduce.ts";
import { sqrt, square } from "../../ops/unary.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { Initializer } from "../initializer.ts";
import { checkFlag } from "../options.ts";
import { KernelNormalization, type PreActivation } from "./kernel-normalization.ts";

/**
 * w = g·v/‖v‖ for each output (Salimans and Kingma 2016): length and direction are learned apart. v: the layer's
 * `kernel`; g: [outputs], ‖v‖ at first, so that w = v. As PyTorch's weight_norm with `dim` the output axis.
 *
 * `dataDependentInit`: the first call in training sets g = 1/σ[t] and bias = −μ[t]/σ[t], t = x·v/‖v‖ over the batch
 * and space, whatever they were: each pre-activation of that batch has mean 0 and variance 1. Once; a checkpoint knows.
 *
 * Errors: ArgumentError where ‖v‖ is 0, and for dataDependentInit without a bias; DataError where its σ is 0.
 */
export class WeightNormalization extends KernelNormalization<{ dataDependentInit: boolean }> {
  #initialized = false;
  #g: Variable | undefined;

  protected override createWeights(v: Tensor): void {
    const { bias, outputs, addWeight } = this.owner;
    this.#g = addWeight({ name: "g", shape: [outputs], initializer: new Initializer("Norm", {}, () => norms(v)) });
    if (!this.options.dataDependentInit) return;
    if (bias === undefined) this.refuse("dataDependentInit sets the bias too; use useBias: true");
    this.moved = [this.#g, bias];
  }

  protected override move(v: Tensor, preActivation: PreActivation): void {
    const [g, bias] = this.moved;
    if (this.#initialized || g === undefined) return;
    const t = preActivation(this.#scaled(v, 1));
    if (t.size === 0) return;
    const factors = momentsOf(t).variance.map((variance) => 1 / Math.sqrt(variance));
    const unit = factors.findIndex((factor) => !Number.isFinite(factor));
    if (unit >= 0) {
      this.refuse(
        `dataDependentInit: unit ${unit} is constant or not finite on this batch; use a larger one`,
        DataError,
      );
    }
    g.assign(factors);
    // −μ[t]·g of the rounded g and kernel: far from 0, their rounding moves the mean.
    bias!.assign(momentsOf(preActivation(this.normalize(v))).mean.map((mean) => -mean));
    this.#initialized = true;
  }

  protected override normalize(v: Tensor): Tensor {
    return this.#scaled(v, this.#g!);
  }

  /** length·v/‖v‖. */
  #scaled(v: Tensor, length: Tensor | number): Tensor {
    const lengths = norms(v);
    const zero = lengths.view("norm").indexOf(0);
    if (zero >= 0) this.refuse(`‖v‖ of unit ${zero} is 0; use another kernel`);
    return mul(v, div(length, lengths));
  }

  override getState(): object {
    return { initialized: this.#initialized };
  }

  override setState({ initialized }: { initialized?: unknown }): void {
    this.#initialized = checkFlag("kernelNormalization.setState", "initialized", initialized);
  }
}

function momentsOf(t: Tensor): { mean: Float64Array; variance: Float64Array } {
  return channelMoments({ x: t, axes: [t.rank - 1] });
}

/** ‖v‖ of each column. */
function norms(v: Tensor): Tensor {
  return sqrt(sum(square(v), 0));
}
