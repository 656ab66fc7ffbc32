import type { PartialShape } from "../tensor/shape.ts";
import { ArgumentError, checkKeys, checkNumber, valueText } from "../errors.ts";
import { mean } from "../ops/reduce.ts";
import { toTensor } from "../tensor/create.ts";
import { tidy } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";

/** What is averaged over samples: a loss or a metric. The functions are called inside a scope. */
export interface Measure {
  /** Targets as `perSample` takes them, checked against the model's output; the same tensor when it fits already. */
  targets: (op: string, targets: Tensor, output: PartialShape) => Tensor;
  /** One value for each sample, or for each position of each sample. */
  perSample: (targets: Tensor, predictions: Tensor) => Tensor;
}

/** A loss or metric as users call it: the mean of a batch, a scalar. */
export interface MeasureFunction {
  (yTrue: TensorLike, yPred: TensorLike): Tensor;
}

export interface CrossentropyOptions {
  /** Predictions are logits, not probabilities. Default: false. */
  fromLogits?: boolean;
  /** In [0, 1]: this share of each target is spread evenly over the classes. Default: 0. */
  labelSmoothing?: number;
}

/** The mean loss of a batch; or, called with options alone, the loss function that has them, for `compile`. */
export interface ConfigurableLoss {
  (yTrue: TensorLike, yPred: TensorLike, options?: CrossentropyOptions): Tensor;
  (options: CrossentropyOptions): MeasureFunction;
}

/** A built-in loss or metric: what files say of it, and what it does. */
export interface MeasureIdentity {
  readonly name: string;
  readonly measure: Measure;
  /** The options it has, and how to make the same with others; undefined where it takes none. */
  readonly options?: CrossentropyOptions;
  readonly configure?: (options: CrossentropyOptions) => MeasureFunction;
}

const identities = new WeakMap<object, MeasureIdentity>();

/** Which built-in one a function is; undefined for a function of the user's. */
export function identityOf(loss: object): MeasureIdentity | undefined {
  return identities.get(loss);
}

/** The function `name` that averages `measure`. */
export function measureFunction(name: string, measure: Measure): MeasureFunction {
  const f: MeasureFunction = (yTrue, yPred) =>
    tidy(() => {
      const predictions = toTensor(name, yPred);
      const targets = measure.targets(name, toTensor(name, yTrue), [null, ...predictions.shape.slice(1)]);
      return mean(measure.perSample(targets, predictions));
    });
  identities.set(f, { name, measure });
  return f;
}

/** As `measureFunction`, for a loss that depends on options. */
export function configurableLoss(name: string, make: (options: CrossentropyOptions) => Measure): ConfigurableLoss {
  const configure = (options: CrossentropyOptions): MeasureFunction => {
    checkKeys(name, options, ["fromLogits", "labelSmoothing"]);
    checkNumber(name, "labelSmoothing", options.labelSmoothing ?? 0, 0, 1);
    const measure = make(options);
    const f = measureFunction(name, measure);
    identities.set(f, { name, measure, options, configure });
    return f;
  };
  const byDefault = configure({});
  const f = (first: TensorLike | CrossentropyOptions, yPred?: TensorLike, options?: CrossentropyOptions) => {
    if (yPred === undefined) return configure(checkOptions(name, first));
    return (options === undefined ? byDefault : configure(options))(first as TensorLike, yPred);
  };
  identities.set(f, identityOf(byDefault)!);
  return f as ConfigurableLoss;
}

/** One of the user's own: `f(yTrue, yPred)` gives the mean, or a value for each sample. Targets come as they are. */
export function customMeasure(f: MeasureFunction): Measure {
  return {
    targets: (_, targets) => targets,
    perSample: (targets, predictions) => {
      const value = f(targets, predictions);
      if (value instanceof Tensor) return value;
      const fix = "return a tensor: the mean, or a value for each sample";
      throw new ArgumentError(`compile: the function ${f.name || "(unnamed)"} gave ${valueText(value)}; ${fix}`);
    },
  };
}

function checkOptions(name: string, options: unknown): CrossentropyOptions {
  const plain = typeof options === "object" && options !== null && Object.getPrototypeOf(options) === Object.prototype;
  if (plain) return options;
  throw new ArgumentError(`${name}: one argument, ${valueText(options)}; pass (yTrue, yPred), or an object of options`);
}
