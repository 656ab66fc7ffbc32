import { checkNumber } from "../../errors.ts";
import { mul } from "../../ops/binary.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { getInitializer } from "../get-initializer.ts";
import { checkFlag } from "../options.ts";
import type { RunningStatsOptions } from "./bank.ts";
import { ChannelNorm, type ChannelNormOptions } from "./channel-norm.ts";
import type { Moments } from "./moments.ts";
import { RunningStats } from "./running-stats.ts";

export interface MovingNormOptions extends ChannelNormOptions {
  /** Default: 1e-5. */
  epsilon?: number;
  /**
   * Weight of the old running value, from 0 to 1; PyTorch's momentum is the weight of the new one, 1 minus this. null
   * is the cumulative average, each batch equal. Default: 0.9.
   */
  momentum?: number | null;
  /** Running statistics that are right from the first batch on; false is PyTorch's rule. Default: true. */
  zeroDebias?: boolean;
}

/** What the normalizations share that keep running statistics, moving_mean and moving_variance. */
export abstract class MovingNorm extends ChannelNorm {
  static override readonly options = [...ChannelNorm.options, "momentum", "zeroDebias"];

  readonly runningStats: RunningStats | undefined;
  override readonly extraState: RunningStats | undefined;
  readonly #options: RunningStatsOptions;
  #weights: Record<"mean" | "variance", Variable> | undefined;

  /** `movingVariance` as in `RunningStats`; undefined where the layer is to keep none. */
  constructor(
    options: MovingNormOptions,
    keys: readonly string[],
    movingVariance?: RunningStatsOptions["movingVariance"],
  ) {
    super(options, keys);
    const { momentum = 0.9, zeroDebias = true } = options;
    this.#options = {
      momentum: momentum === null ? null : checkNumber(this.op, "momentum", momentum, 0, 1),
      zeroDebias: checkFlag(this.op, "zeroDebias", zeroDebias),
      movingVariance: movingVariance ?? "biased",
    };
    this.runningStats = movingVariance && new RunningStats(this.op, this.#options);
    this.extraState = this.runningStats;
  }

  protected override createOthers(channels: number): void {
    const make = (name: string, initializer: string): Variable =>
      this.addWeight({
        name,
        shape: [channels],
        initializer: getInitializer(this.op, initializer),
        trainable: false,
      });
    if (this.runningStats === undefined) return;
    this.#weights = { mean: make("moving_mean", "zeros"), variance: make("moving_variance", "ones") };
    this.runningStats.attach(this.#weights);
  }

  /** Whether x moves the running statistics; otherwise it is normalized by them. */
  protected learns(x: Tensor, training: boolean): boolean {
    return training && this.trainable && x.size > 0;
  }

  /** @internal Whether training moves the running statistics. */
  get observes(): boolean {
    return this.trainable && this.runningStats?.frozen === false;
  }

  /** @internal What x would move them by; nothing moves. */
  abstract observe(x: Tensor): Moments;

  /** @internal x normalized as in training; nothing moves. */
  normalizeByItself(x: Tensor): Tensor {
    const { runningStats } = this;
    runningStats?.freeze();
    try {
      return this.call(x, true, {});
    } finally {
      runningStats?.thaw();
    }
  }

  /** Copies: the backward pass needs the values of now, and training may move them before. */
  protected moving(): { mean: Tensor; variance: Tensor } {
    const { mean, variance } = this.#weights!;
    return { mean: mul(mean, 1), variance: mul(variance, 1) };
  }

  protected override ownConfig(): Record<string, unknown> {
    const { momentum, zeroDebias } = this.#options;
    return { ...super.ownConfig(), momentum, zero_debias: zeroDebias };
  }
}
