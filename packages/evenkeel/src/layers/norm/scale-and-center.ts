import { checkFlag } from "../options.ts";
import type { InitializerLike } from "../get-initializer.ts";
import { weightOptions, type WeightRules, WeightSettings } from "../weight-settings.ts";

/** γ and β of a normalization, each of which a layer may go without. */
export interface ScaleAndCenterOptions extends WeightRules<"gamma" | "beta"> {
  /** Learn β. Default: true. */
  center?: boolean;
  /** Learn γ. Default: true. */
  scale?: boolean;
  /** Default: "zeros". */
  betaInitializer?: InitializerLike;
  /** Default: "ones". */
  gammaInitializer?: InitializerLike;
}

export const scaleAndCenterOptions = ["center", "scale", ...weightOptions("beta"), ...weightOptions("gamma")];

export class ScaleAndCenter {
  readonly center: boolean;
  readonly scale: boolean;
  readonly beta: WeightSettings;
  readonly gamma: WeightSettings;

  constructor(op: string, options: ScaleAndCenterOptions) {
    this.center = checkFlag(op, "center", options.center ?? true);
    this.scale = checkFlag(op, "scale", options.scale ?? true);
    this.beta = new WeightSettings(op, "beta", options, "zeros");
    this.gamma = new WeightSettings(op, "gamma", options, "ones");
  }

  /** Keras's keys. */
  getConfig(): Record<string, unknown> {
    return {
      center: this.center,
      scale: this.scale,
      ...this.beta.getConfig(),
      ...this.gamma.getConfig(),
    };
  }
}
