import { factor, mean, text } from "./numbers.ts";
import type { Finding, LayerDiagnosis, NormDiagnosis } from "./report.ts";

interface Place {
  readonly layers: readonly LayerDiagnosis[];
  /** Which of the layers is looked at. */
  readonly i: number;
  readonly samples: number;
  /** Whether gradients are those of the model's loss. */
  readonly loss: boolean;
}

type Found = Omit<Finding, "layer" | "problem">;
type Rule = (layer: LayerDiagnosis, place: Place) => Found | undefined;

/** From where on something is found. */
const limits = {
  /** Deviations that a running mean may be off: half of one moves 19 % of normal values to the other side of 0. */
  meanGap: 0.5,
  /** Times that a running variance may be off: averages that lag behind the last steps of training stay within it. */
  varianceRatio: 2,
  /** The share of such channels: one in twenty. */
  offChannels: 0.05,
  /** Times that dropout may change a variance: the shift ratio of Li et al. 2018, at a deviation 5 % off. */
  varianceShift: 1.1,
  /** variance/ε: what x̂ has of its variance 1 is variance/(variance + ε), here 1 %. */
  variance: 0.01,
  /** |γ|/rms(γ): such channels are what network slimming (Liu et al. 2017) prunes. */
  gamma: 0.01,
  /** The share of its values where a sigmoid or tanh unit has a slope (Glorot and Bengio 2010 watch this). */
  active: 0.05,
  /** Units without a slope: a warning from one in ten on. */
  stuckUnits: 0.1,
  /**
   * Times that rms(∂L/∂w)/rms(w) may fall or grow from the last layer with weights to another. Widths and kinds of
   * layers account for some ten; a product of many factors below or above 1 (Pascanu et al. 2013) for the rest. Of a
   * loss it is also the most itself: a plain step at the rate 0.001 is then as large as the weights.
   */
  gradient: 1e3,
};

/** One rule a problem: what it is seen by, and what to do. */
export const rules: Record<string, Rule> = {
  "statistics-gap": ({ norm, config }, { samples }) => {
    if (norm === undefined || neverUpdated(norm) || config.trainable === false || config.reference_batch)
      return undefined;
    // The moments of few samples are off by chance: three standard errors are let pass.
    const chance = 3 / Math.sqrt(samples);
    const times = limits.varianceRatio * (1 + Math.SQRT2 * chance) * (1 + Math.SQRT2 * chance);
    const off = norm.meanGap.filter(
      (gap, c) => gap > limits.meanGap + chance || factor(norm.varianceRatio[c]!) > times,
    ).length;
    const value = off / norm.meanGap.length;
    if (value < limits.offChannels) return undefined;
    const worst = [Math.max(...norm.meanGap), Math.max(...norm.varianceRatio.map(factor))].map(text);
    const momentum = config.momentum as number | null;
    const start = config.zero_debias ? 0 : firstValuesShare(norm.batches, momentum);
    const cause =
      start < 1e-4
        ? ""
        : `; after ${norm.batches} batches with momentum ${momentum} they still hold ` +
          `${text(100 * start)} % of the mean 0 and variance 1 that they began with`;
    return {
      severity: value >= 0.5 ? "error" : "warning",
      value,
      message:
        `inference uses running statistics far from those of batches for ${off} of ${norm.meanGap.length} channels: ` +
        `means are off by up to ${worst[0]} deviations, variances by up to ${worst[1]} times${cause}`,
      fix:
        `${norm.frozen ? "runningStats.thaw(), then " : ""}await ek.stats.recalibrate(model, x) with training data` +
        (cause === "" ? "" : "; for new layers zeroDebias: true, the default"),
    };
  },

  "never-updated": ({ norm }) => {
    if (norm === undefined || !neverUpdated(norm)) return undefined;
    return {
      severity: "error",
      value: norm.batches,
      message: "the running mean 0 and variance 1 were never updated: inference does not normalize",
      fix:
        "train with training: true, as fit does, the layer trainable and its momentum below 1; " +
        "or await ek.stats.recalibrate(model, x)",
    };
  },

  "frozen-statistics": ({ norm, config }, { layers, i }) => {
    if (norm === undefined || !(config.trainable === false || norm.frozen)) return undefined;
    const before = layers.slice(0, i).filter(({ weightRms }) => weightRms !== undefined);
    if (before.length === 0) return undefined;
    return {
      severity: "warning",
      value: before.length,
      message: `its statistics are frozen, but layers before it train on: ${before.map(({ name }) => name).join(", ")}`,
      fix: `set trainable = false on those too, or ${norm.frozen ? "runningStats.thaw()" : "trainable = true here"}`,
    };
  },

  "one-value-per-channel": ({ norm, config }) => {
    if (norm === undefined || config.trainable === false) return undefined;
    const trainedSo = norm.batches > 0 && norm.count === norm.batches;
    if (norm.smallest > 1 && !trainedSo) return undefined;
    return {
      severity: "error",
      value: 1,
      message:
        `a channel has one value in a batch${norm.smallest > 1 ? " of those it was trained on" : ""}: ` +
        "its variance is 0, and normalized it is β whatever it was",
      fix: "use a batchSize of 2 or more, or groupNormalization or layerNormalization, which need no batch",
    };
  },

  "dropout-before-norm": ({ norm }, { layers, i }) => {
    const dropout = layers.slice(0, i).findLast(({ className }) => className.endsWith("Dropout"));
    if (norm === undefined || dropout === undefined) return undefined;
    const value = mean(norm.varianceShift);
    if (factor(value) < limits.varianceShift) return undefined;
    return {
      severity: "warning",
      value,
      message:
        `${dropout.name} before it makes the variance ${text(value)} times as large in training as in inference, ` +
        "whose running statistics then do not fit (variance shift)",
      fix:
        "put dropout behind the last batch normalization, or lower its rate; for a trained model " +
        "await ek.stats.recalibrate(model, x), which has dropout off",
    };
  },

  "constant-channels": ({ norm, config }) => {
    if (norm === undefined) return undefined;
    const least = limits.variance * (config.epsilon as number);
    const flat = Array.from(norm.batch.variance).filter((variance) => variance <= least).length;
    if (flat === 0) return undefined;
    return {
      severity: "warning",
      value: flat / norm.meanGap.length,
      message: `${flat} of ${norm.meanGap.length} channels are constant: a variance of at most ε/100 = ${text(least)}`,
      fix: "look for dead units or constant features before it; where all values are that small, scale them",
    };
  },

  "gamma-near-zero": ({ norm }) => {
    if (norm?.gamma === undefined) return undefined;
    const gamma = Array.from(norm.gamma);
    const least = limits.gamma * Math.sqrt(mean(gamma.map((value) => value * value)));
    const small = gamma.filter((value) => Math.abs(value) <= least).length;
    if (small === 0) return undefined;
    return {
      severity: small === gamma.length ? "warning" : "note",
      value: small / gamma.length,
      message: `γ of ${small} of ${gamma.length} channels is near 0: they pass on β and nothing else`,
      fix: "leave these channels out; when they should count, train γ without weight decay",
    };
  },

  "dead-units": (layer, { samples }) => {
    if (layer.active === undefined || !isRelu(layer)) return undefined;
    return stuck(
      layer,
      `give 0 for all of ${samples} samples and get no gradient`,
      'lower the learning rate, put a normalization before the activation, or use "leakyRelu"',
    );
  },

  "saturated-units": (layer, { layers, i }) => {
    // At the output it means to be certain.
    if (layer.active === undefined || isRelu(layer) || i === layers.length - 1) return undefined;
    return stuck(
      layer,
      `are at the ends of ${String(layer.config.activation)}, where it has no slope, for most samples`,
      'scale the inputs, start with smaller weights, put a normalization before the activation, or use "relu"',
    );
  },

  "vanishing-gradient": ({ gradientRatio }, { layers }) => {
    const value = againstLast(gradientRatio, layers);
    if (value === undefined || !(value < 1 / limits.gradient)) return undefined;
    return {
      severity: value < 1 / limits.gradient / limits.gradient ? "error" : "warning",
      value,
      message: `the gradient, relative to the weights, is ${text(value)} of the last layer's: it hardly learns`,
      fix: 'put batch normalization between the layers, use "relu" for sigmoid and tanh, or fewer layers',
    };
  },

  "exploding-gradient": ({ gradientRatio }, { layers, loss }) => {
    const times = againstLast(gradientRatio, layers);
    if (times === undefined || gradientRatio === undefined) return undefined;
    const grows = !(times <= limits.gradient);
    const value = grows ? times : gradientRatio;
    // Without a loss the size alone means nothing.
    if (!grows && !(loss && gradientRatio > limits.gradient)) return undefined;
    return {
      severity: value <= limits.gradient * limits.gradient ? "warning" : "error",
      value,
      message: `the gradient, relative to the weights, is ${text(value)}${grows ? " times the last layer's" : ""}`,
      fix:
        "put batch normalization between the layers, start with smaller weights, bring inputs and targets to " +
        "deviations near 1, or lower the learning rate",
    };
  },

  "useless-bias": ({ config }, { layers, i }) => {
    const next = layers[i + 1];
    if (next?.norm === undefined || next.config.trainable === false) return undefined;
    if (config.use_bias !== true || config.activation !== "linear") return undefined;
    const axes = config.data_format === "channels_first" ? [1, -3] : config.kernel_size ? [-1, 3] : [-1];
    if (![next.config.axis].flat().some((axis) => axes.includes(axis as number))) return undefined;
    return {
      severity: "note",
      value: next.norm.meanGap.length,
      message: `${next.name} takes the mean away, and the bias with it`,
      fix: "useBias: false; a shift is what β is for",
    };
  },
};

function neverUpdated({ weight, batches, mean, variance }: NormDiagnosis): boolean {
  const untouched = mean.every((value) => value === 0) && variance.every((value) => value === 1);
  return weight === 0 || (batches === 0 && untouched);
}

/** momentum^batches: what an average that began with weight 1 has left of its first value. */
function firstValuesShare(batches: number, momentum: number | null): number {
  if (momentum === null || batches === 0) return 0;
  let share = 1;
  for (let batch = 0; batch < batches && share > 1e-9; batch++) share *= momentum;
  return share;
}

function isRelu({ config }: LayerDiagnosis): boolean {
  return String(config.activation).startsWith("relu");
}

/** The share of units that are dead or saturated. */
export function stuckShare(layer: LayerDiagnosis): number {
  const { active = [] } = layer;
  return active.filter((share) => (isRelu(layer) ? share === 0 : share < limits.active)).length / active.length;
}

function stuck(layer: LayerDiagnosis, what: string, fix: string): Found | undefined {
  const value = stuckShare(layer);
  if (value === 0) return undefined;
  const severity = value === 1 ? "error" : value >= limits.stuckUnits ? "warning" : "note";
  const { length } = layer.active!;
  return { severity, value, message: `${Math.round(value * length)} of ${length} units ${what}`, fix };
}

/** How often a layer's ratio is that of the last layer that has a gradient. */
function againstLast(ratio: number | undefined, layers: readonly LayerDiagnosis[]): number | undefined {
  if (ratio === undefined || ratio === 0) return ratio;
  const last = layers.findLast(({ gradientRatio = 0 }) => gradientRatio > 0 && gradientRatio < Infinity);
  return last === undefined ? ratio : ratio / last.gradientRatio!;
}
