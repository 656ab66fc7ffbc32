import { checkFlag } from "../options.ts";
import { getInitializer, type InitializerLike } from "../get-initializer.ts";
import type { Initializer } from "../initializer.ts";

/** γ and β of a normalization, each of which a layer may go without. */
export interface ScaleAndCenterOptions {
  /** Learn β. Default: true. */
  center?: boolean;
  /** Learn γ. Default: true. */
  scale?: boolean;
  /** Default: "zeros". */
  betaInitializer?: InitializerLike;
  /** Default: "ones". */
  gammaInitializer?: InitializerLike;
}

export const scaleAndCenterOptions = ["center", "scale", "betaInitializer", "gammaInitializer"] as const;

export class ScaleAndCenter {
  readonly center: boolean;
  readonly scale: boolean;
  readonly beta: Initializer;
  readonly gamma: Initializer;

  constructor(op: string, options: ScaleAndCenterOptions) {
    this.center = checkFlag(op, "center", options.center ?? true);
    this.scale = checkFlag(op, "scale", options.scale ?? true);
    this.beta = getInitializer(op, options.betaInitializer ?? "zeros");
    this.gamma = getInitializer(op, options.gammaInitializer ?? "ones");
  }

  /** Keras's keys. */
  getConfig(): Record<string, unknown> {
    return {
      center: this.center,
      scale: this.scale,
      beta_initializer: this.beta.toJSON(),
      gamma_initializer: this.gamma.toJSON(),
    };
  }
}
