import { checkInteger, checkNumber } from "../../errors.ts";
import { channelAxis } from "../../ops/sample-view.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Variable } from "../../tensor/variable.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import { ScaleAndCenter, scaleAndCenterOptions, type ScaleAndCenterOptions } from "./scale-and-center.ts";

export interface ChannelNormOptions extends LayerOptions, ScaleAndCenterOptions {
  /** The channel axis. Default: -1. */
  axis?: number;
  epsilon?: number;
}

/** What the normalizations with one γ and β for each channel, [channels], share. */
export abstract class ChannelNorm extends Layer {
  static readonly options: readonly string[] = ["axis", "epsilon", ...scaleAndCenterOptions];

  protected readonly axis: number;
  protected readonly epsilon: number;
  protected gamma: Variable | undefined;
  protected beta: Variable | undefined;
  readonly #parameters: ScaleAndCenter;

  constructor(options: ChannelNormOptions, keys: readonly string[], defaultEpsilon = 1e-5) {
    super(options, keys);
    const { axis = -1, epsilon = defaultEpsilon } = options;
    this.axis = checkInteger(this.op, "axis", axis, -Infinity);
    this.epsilon = checkNumber(this.op, "epsilon", epsilon, 0);
    this.#parameters = new ScaleAndCenter(this.op, options);
    this.input = { minRank: 2 };
  }

  protected override createWeights(inputShape: PartialShape): void {
    this.outputShape(inputShape);
    const axis = channelAxis(this.op, this.axis, inputShape);
    const channels = this.knownSize(inputShape, axis);
    const { scale, center, gamma, beta } = this.#parameters;
    const shape = [channels];
    if (scale) this.gamma = this.addWeight({ name: "gamma", shape, ...gamma.rules });
    if (center) this.beta = this.addWeight({ name: "beta", shape, ...beta.rules });
    this.createOthers(channels);
    this.input = { rank: inputShape.length, sizes: new Map([[axis, channels]]) };
  }

  /** The weights of the subclass. */
  protected createOthers(_channels: number): void {}

  protected override outputShape(inputShape: PartialShape): PartialShape {
    channelAxis(this.op, this.axis, inputShape);
    return inputShape;
  }

  protected override ownConfig(): Record<string, unknown> {
    return { axis: this.axis, epsilon: this.epsilon, ...this.#parameters.getConfig() };
  }
}
