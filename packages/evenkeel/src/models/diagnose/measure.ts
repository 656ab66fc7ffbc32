import { variableGrads, type NamedGradients } from "../../autograd/gradient.ts";
import { batchesOf, takeBatch } from "../../data/batches.ts";
import type { SamplesLike } from "../../data/samples.ts";
import type { Layer } from "../../layers/layer.ts";
import { BatchNormalization } from "../../layers/norm/batch-normalization.ts";
import { mergeMoments, type Moments } from "../../layers/norm/moments.ts";
import { abs } from "../../ops/unary.ts";
import { greater, less, mul, sub } from "../../ops/binary.ts";
import { mean, sum } from "../../ops/reduce.ts";
import { randomNormal } from "../../tensor/random.ts";
import { tidy } from "../../tensor/scope.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import { Breather } from "../breather.ts";
import { prepare, toInputs } from "../prepare.ts";
import type { Sequential } from "../sequential.ts";
import { needsTwoSamples, rollback } from "../state.ts";
import { totalLoss } from "../train-step.ts";

/** What `measure` finds out about a layer: plain data, which report.ts reads. */
export interface Measured {
  readonly name: string;
  readonly className: string;
  readonly config: Record<string, unknown>;
  /** Root mean squares over the layer's trainable weights, over all batches; undefined where it has none. */
  readonly weightRms?: number;
  readonly gradientRms?: number;
  /** For each unit (last axis, or channel) the share of values where the activation has a slope. */
  readonly active?: readonly number[];
  readonly norm?: MeasuredNorm;
}

export interface MeasuredNorm {
  /** Of what reaches the layer, with dropout off and with dropout on. */
  readonly batch: Moments;
  readonly training: Moments;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly gamma?: Float32Array;
  readonly weight: number;
  readonly batches: number;
  readonly count: number;
  readonly frozen: boolean;
  /** Values of each channel in the smallest batch. */
  readonly smallest: number;
}

export interface Measurements {
  readonly model: string;
  readonly samples: number;
  /** Whether gradients are those of the model's loss. */
  readonly loss: boolean;
  readonly layers: readonly Measured[];
}

/** Where an activation has a slope of more than 2 % of its largest. */
const active: Record<string, (y: Tensor) => Tensor> = {
  relu: (y) => greater(y, 0),
  relu6: (y) => mul(greater(y, 0), less(y, 6)),
  sigmoid: (y) => less(abs(sub(y, 0.5)), 0.495),
  tanh: (y) => less(abs(y), 0.99),
};

/**
 * Every batch goes through the layers twice: with dropout off, and as in training with the gradients. Both times batch
 * normalizations take the batch's own statistics, as in training. The model is put back before other work gets a turn.
 */
export async function measure(
  op: string,
  model: Sequential,
  data: SamplesLike,
  y: SamplesLike | undefined,
  batchSize: number,
): Promise<Measurements> {
  const prepared = y === undefined ? undefined : prepare(op, model, data, y);
  const x = prepared?.x ?? tidy(() => toInputs(op, model, data, "x"));
  try {
    model.build([null, ...x.shape.slice(1)]);
    const { layers, trainableWeights } = model;
    const probes = layers.map((layer) => new Probe(layer));
    const breather = new Breather();
    const samples = x.shape[0]!;
    // Random streams go on from one batch to the next.
    let resume = (): void => {};
    for (const batch of batchesOf({ start: 0, end: samples }, batchSize, needsTwoSamples(model))) {
      const undo = rollback(layers);
      try {
        resume();
        tidy(() => {
          const input = takeBatch(op, x, batch);
          const through = (training: boolean): Tensor =>
            probes.reduce((value, probe) => probe.apply(value, training), input);
          through(false);
          const { grads } = variableGrads(() => {
            const output = through(true);
            if (prepared === undefined) return sum(mul(output, randomNormal(output.shape, 0, 1, "float32", 1)));
            return totalLoss(model, prepared.compiled.loss, takeBatch(op, prepared.y, batch), output);
          }, trainableWeights);
          for (const probe of probes) probe.learn(grads);
        });
        resume = rollback(layers);
      } finally {
        undo();
      }
      await breather.breathe();
    }
    const loss = prepared !== undefined;
    return { model: model.name, samples, loss, layers: probes.map((probe) => probe.result(samples)) };
  } finally {
    if (prepared !== undefined) prepared.dispose();
    else if (x !== data) x.dispose();
  }
}

/** A layer that is watched. */
class Probe {
  readonly #layer: Layer;
  readonly #config: Record<string, unknown>;
  /** With dropout off, and on. */
  readonly #moments: [Moments[], Moments[]] = [[], []];
  #active: number[] | undefined;
  #squares = 0;
  #gradients = 0;

  constructor(layer: Layer) {
    this.#layer = layer;
    this.#config = layer.getConfig();
  }

  apply(x: Tensor, training: boolean): Tensor {
    const layer = this.#layer;
    if (layer instanceof BatchNormalization) {
      const moments = layer.observe(x);
      this.#moments[+training]!.push(moments);
      // One value per channel is a finding, not an error.
      if (moments.count === 1) return layer.apply(x);
      const byItself = !training && layer.trainable && this.#config.reference_batch === undefined;
      return byItself ? layer.normalizeByItself(x) : layer.apply(x, { training });
    }
    const y = layer.apply(x, { training });
    const slope = training ? undefined : active[this.#config.activation as string];
    if (slope !== undefined) this.#count(y, slope(y));
    return y;
  }

  #count(y: Tensor, slope: Tensor): void {
    const unit = this.#config.data_format === "channels_first" ? 1 : y.rank - 1;
    const others = y.shape.map((_, axis) => axis).filter((axis) => axis !== unit);
    const shares = mean(slope, others).dataSync();
    this.#active = Array.from(shares, (share, i) => share * y.shape[0]! + (this.#active?.[i] ?? 0));
  }

  learn(grads: NamedGradients): void {
    for (const { name } of this.#layer.trainableWeights) {
      this.#squares += squares(grads[name]!);
      this.#gradients += grads[name]!.size;
    }
  }

  result(samples: number): Measured {
    const { name, className, trainableWeights } = this.#layer;
    const size = trainableWeights.reduce((total, weight) => total + weight.size, 0);
    const total = trainableWeights.reduce((all, weight) => all + squares(weight), 0);
    return {
      name,
      className,
      config: this.#config,
      ...(size > 0 && {
        weightRms: Math.sqrt(total / size),
        gradientRms: Math.sqrt(this.#squares / this.#gradients),
      }),
      active: this.#active?.map((share) => share / samples),
      norm: this.#norm(),
    };
  }

  #norm(): MeasuredNorm | undefined {
    const layer = this.#layer;
    if (!(layer instanceof BatchNormalization)) return undefined;
    const [batch, training] = this.#moments;
    const { weight, batches, count, frozen } = layer.runningStats.getState();
    const { gamma, mean, variance } = layer.values();
    const smallest = Math.min(...batch.map((part) => part.count));
    const moments = { batch: mergeMoments(batch), training: mergeMoments(training) };
    return { ...moments, mean, variance, gamma, weight, batches, count, frozen, smallest };
  }
}

/** Σ x² in float64. */
function squares(x: Tensor | Variable): number {
  let total = 0;
  for (const value of x.view("diagnose")) total += value * value;
  return total;
}
