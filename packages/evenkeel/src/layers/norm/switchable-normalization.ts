import { add, mul } from "../../ops/binary.ts";
import { slice } from "../../ops/shaping.ts";
import { softmax } from "../../ops/softmax.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { getInitializer } from "../get-initializer.ts";
import { merged, MixedNorm, type Moments } from "./mixed-norm.ts";
import { MovingNorm, type MovingNormOptions } from "./moving-norm.ts";

/**
 * y = γ·(x − Σ wₖ·meanₖ)/√(Σ vₖ·varianceₖ + ε) + β with the moments k of instance, layer and batch normalization, and
 * w = softmax(mean_weight), v = softmax(var_weight), [3] each and learned, ones at first (Luo et al. 2018). x: [batch,
 * …, channels]; γ, β, moving_mean, moving_variance: [channels]. In inference, and frozen, the batch's moments are the
 * running ones. An empty batch moves nothing.
 *
 * Variances are biased, as in the paper; its code takes unbiased ones of the instances, m/(m − 1) times as large.
 */
export class SwitchableNormalization extends MixedNorm {
  static override readonly className: string = "SwitchableNormalization";

  #meanWeight: Variable | undefined;
  #varianceWeight: Variable | undefined;

  constructor(options: MovingNormOptions = {}) {
    super(options, MovingNorm.options, "biased");
  }

  protected override createOthers(channels: number): void {
    const switches = { shape: [3], initializer: getInitializer(this.op, "ones") };
    this.#meanWeight = this.addWeight({ ...switches, name: "mean_weight" });
    this.#varianceWeight = this.addWeight({ ...switches, name: "var_weight" });
    super.createOthers(channels);
  }

  protected override mix(instance: Moments, batch: Moments): Moments {
    const parts = [instance, merged(instance, 1), batch];
    const mixed = (weight: Variable, name: keyof Moments): Tensor => {
      const shares = softmax(weight);
      return parts.map((part, k) => mul(part[name], slice(shares, k, 1))).reduce((sum, one) => add(sum, one));
    };
    return { mean: mixed(this.#meanWeight!, "mean"), variance: mixed(this.#varianceWeight!, "variance") };
  }
}

export function switchableNormalization(options?: MovingNormOptions): SwitchableNormalization {
  return new SwitchableNormalization(options);
}
