import { unitNorm } from "../../ops/layer-norm.ts";
import { normalizeAxes, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import { checkAxis } from "./axis.ts";

export interface UnitNormalizationOptions extends LayerOptions {
  /** The axis, or several, over which the squares are added up. Default: -1. */
  axis?: number | readonly number[];
}

/**
 * y = x/max(√Σx², 1e-12), the sum over the axes of each sample: vectors of length 1, but those shorter than 1e-12 are
 * only multiplied by 1e12, and 0 stays 0. x: any shape. No weights. As Keras's UnitNormalization.
 */
export class UnitNormalization extends Layer {
  static override readonly className: string = "UnitNormalization";
  static readonly options = ["axis"];

  readonly #axis: number | readonly number[];

  constructor(options: UnitNormalizationOptions = {}) {
    super(options, UnitNormalization.options);
    this.#axis = checkAxis(this.op, options.axis ?? -1);
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    normalizeAxes(this.op, this.#axis, inputShape.length);
    return inputShape;
  }

  protected override call(x: Tensor): Tensor {
    return unitNorm(x, normalizeAxes(this.op, this.#axis, x.rank));
  }

  protected override ownConfig(): Record<string, unknown> {
    return { axis: this.#axis };
  }
}

export function unitNormalization(options?: UnitNormalizationOptions): UnitNormalization {
  return new UnitNormalization(options);
}
