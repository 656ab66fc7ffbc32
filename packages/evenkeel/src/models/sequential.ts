import type { SamplesLike } from "../data/samples.ts";
import type { PartialShape } from "../tensor/shape.ts";
import { ArgumentError, checkKeys, ShapeError, shapeText, valueText } from "../errors.ts";
import { type CallOptions, Layer } from "../layers/layer.ts";
import { setWeights } from "../layers/set-weights.ts";
import { settings } from "../ops/config.ts";
import { floatTensor } from "../ops/inputs.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { tidy } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import type { Variable } from "../tensor/variable.ts";
import { compile, type Compiled, type CompileOptions } from "./compile.ts";
import { evaluate, predict, type PredictOptions } from "./evaluate.ts";
import { fit, type FitOptions, type History } from "./fit.ts";
import { modelConfig, type ModelConfig } from "./config.ts";
import { plan, type Step } from "./fuse.ts";
import { prepare } from "./prepare.ts";
import { Reference } from "./reference.ts";
import { save, type SaveTarget } from "./save.ts";
import { Shuffles } from "./shuffles.ts";
import { summary, type SummaryOptions } from "./summary.ts";
import { type Logs, trainStep } from "./train-step.ts";

export interface SequentialOptions {
  layers?: readonly Layer[];
  /** Default: sequential, sequential_1 and so on. */
  name?: string;
}

let unnamed = 0;

/**
 * y = fₙ(… f₂(f₁(x))): layers one after the other. The weights are made when the shape of the input is known: from the
 * `inputShape` of the first layer, by `build([null, 28, 28, 1])`, or from the first data. As Keras's Sequential.
 */
export class Sequential {
  readonly name: string;
  /** A callback sets this to end `fit` after the step. */
  stopTraining = false;
  /** What the last `fit` recorded, also when it was aborted. */
  history: History | undefined;
  /** @internal */
  readonly shuffles = new Shuffles();
  /** @internal */
  readonly reference = new Reference();
  readonly #layers: Layer[] = [];
  #shapes: PartialShape[] = [];
  #compiled: Compiled | undefined;
  #steps: { readonly fusion: boolean; readonly count: number; readonly steps: readonly Step[] } | undefined;

  constructor(options: readonly Layer[] | SequentialOptions = {}) {
    const { layers = [], name } = Array.isArray(options) ? { layers: options } : checkOptions(options);
    this.name = name ?? (unnamed++ === 0 ? "sequential" : `sequential_${unnamed - 1}`);
    for (const layer of layers) this.add(layer);
  }

  get layers(): readonly Layer[] {
    return this.#layers;
  }

  get built(): boolean {
    return this.#shapes.length > 0;
  }

  /** `[null, 28, 28, 1]`, once it is known; null stands for any number of samples. */
  get inputShape(): PartialShape | undefined {
    return this.#shapes[0];
  }

  get outputShape(): PartialShape | undefined {
    return this.#shapes.at(-1);
  }

  /** @internal The shape of the input, then that after each layer; empty until they are known. */
  get shapes(): readonly PartialShape[] {
    return this.#shapes;
  }

  /** Puts a layer at the end. Errors: ArgumentError when the name is taken, ShapeError when its input does not fit. */
  add(layer: Layer): void {
    const op = `${this.name}.add`;
    if (!(layer instanceof Layer)) throw new ArgumentError(`${op}: ${valueText(layer)}; pass a layer of ek.layers`);
    if (this.#layers.some(({ name }) => name === layer.name)) {
      throw new ArgumentError(`${op}: the name ${layer.name} is taken in this model; give each layer its own name`);
    }
    const declared = this.#layers.length === 0 ? layer.inputShape : undefined;
    const before = declared ? [null, ...declared] : this.outputShape;
    if (before !== undefined) {
      const after = layer.computeOutputShape([...before]);
      layer.build([...before]);
      this.#shapes = declared ? [before, after] : [...this.#shapes, after];
    }
    this.#layers.push(layer);
  }

  /**
   * Makes the weights for an input shape with the batch axis first, e.g. `[null, 28, 28, 1]`. Doing it again with the
   * same shape does nothing. Errors: ShapeError.
   */
  build(inputShape: PartialShape): void {
    const shapes = this.shapesFor(inputShape);
    if (this.built) return;
    this.#layers.forEach((layer, i) => layer.build([...shapes[i]!]));
    this.#shapes = shapes;
  }

  /**
   * The input shape and that after each layer, without building. Errors: ShapeError when a layer cannot take its input.
   */
  shapesFor(inputShape: PartialShape): PartialShape[] {
    const sizes = Array.isArray(inputShape) ? (inputShape as PartialShape).slice(1) : undefined;
    if (sizes === undefined || inputShape.length === 0 || !sizes.every((size) => size === null || isSize(size))) {
      throw new ShapeError(
        `build: ${valueText(inputShape)}; pass the input shape, the batch first, e.g. [null, 28, 28, 1]`,
      );
    }
    if (this.#layers.length === 0) throw new ArgumentError(`build: ${this.name} has no layers; add() some first`);
    const input = [null, ...sizes];
    if (this.built) {
      this.checkInput("build", input);
      return this.#shapes;
    }
    const shapes: PartialShape[] = [input];
    for (const layer of this.#layers) shapes.push(layer.computeOutputShape([...shapes.at(-1)!]));
    return shapes;
  }

  /** Compares a batch's shape with the one the model was built for. */
  checkInput(op: string, shape: PartialShape): void {
    const wanted = this.inputShape;
    if (wanted === undefined) return;
    const fits =
      shape.length === wanted.length && wanted.every((size, i) => i === 0 || size === null || size === shape[i]);
    if (fits) return;
    const missing = shape.length === wanted.length - 1;
    const fix = missing ? "; one axis is missing: expandDims() or reshape() it" : ": reshape or resize it";
    throw new ShapeError(`${op}: x is ${shapeText(shape)}; ${this.name} takes ${shapeText(wanted)}${fix}`);
  }

  /** The prediction for a batch; the options are passed to the layers that take them. */
  apply(x: TensorLike, { training = false, ...given }: CallOptions = {}): Tensor {
    const { length } = this.#layers;
    if (length === 0) throw new ArgumentError(`apply: ${this.name} has no layers; add() some first`);
    return tidy(() => {
      const input = floatTensor("apply", x);
      if (this.built) this.checkInput("apply", input.shape);
      else this.build([null, ...input.shape.slice(1)]);
      if (training) this.reference.pass(this.#layers, input);
      return this.#plan().reduce((value, step) => step.run(value, training, given), input);
    });
  }

  /** The layers, neighbours fused; planned once they are built. */
  #plan(): readonly Step[] {
    const { fusion } = settings();
    if (this.#steps?.fusion !== fusion || this.#steps.count !== this.#layers.length) {
      this.#steps = { fusion, count: this.#layers.length, steps: plan(this.#layers, fusion) };
    }
    return this.#steps.steps;
  }

  /**
   * Chooses optimizer, loss and metrics. Errors: ArgumentError with the nearest valid name; then nothing has changed.
   */
  compile(options: CompileOptions): void {
    this.setCompiled(compile(options));
  }

  /** @internal What `compile` or a file chose. */
  setCompiled(compiled: Compiled): void {
    if (this.#compiled?.ownsOptimizer) this.#compiled.optimizer.dispose();
    this.#compiled = compiled;
  }

  /** @internal */
  get compiled(): Compiled | undefined {
    return this.#compiled;
  }

  get optimizer(): Optimizer | undefined {
    return this.#compiled?.optimizer;
  }

  fit(x: SamplesLike, y: SamplesLike, options: FitOptions = {}): Promise<History> {
    return fit(this, x, y, options);
  }

  /** Mean loss and metrics over all samples, by name. `batchSize` changes the memory it takes, default 32. */
  evaluate(x: SamplesLike, y: SamplesLike, options: PredictOptions = {}): Promise<Logs> {
    return evaluate(this, x, y, options);
  }

  /** The predictions of all samples, a tensor that is the caller's to free. `batchSize`: default 32. */
  predict(x: SamplesLike, options: PredictOptions = {}): Tensor {
    return predict(this, x, options);
  }

  /** One step on one batch, as `fit` does it: loss and metrics by name, before the update. */
  trainOnBatch(x: SamplesLike, y: SamplesLike): Logs {
    const data = prepare("trainOnBatch", this, x, y);
    try {
      return trainStep(this, data.compiled, data.x, data.y);
    } finally {
      data.dispose();
    }
  }

  /** Prints the layers with their shapes and parameters as Keras does; returns the text. */
  summary(options: SummaryOptions = {}): string {
    return summary(this, options);
  }

  /** All variables, layer by layer, in Keras's order. */
  get weights(): Variable[] {
    return this.#layers.flatMap((layer) => layer.weights);
  }

  get trainableWeights(): Variable[] {
    return this.#layers.flatMap((layer) => layer.trainableWeights);
  }

  /** The penalties of the layers' regularizers, scalars, differentiable: `fit` and `evaluate` add them to the loss. */
  get losses(): Tensor[] {
    return this.#layers.flatMap((layer) => layer.losses);
  }

  countParams(): number {
    return this.#layers.reduce((sum, layer) => sum + layer.countParams(), 0);
  }

  /** Copies of all weights, in the order of `weights`, the caller's to free. */
  getWeights(): Tensor[] {
    return tidy(() => this.#layers.flatMap((layer) => layer.getWeights()));
  }

  /** Replaces all weights, in the order of `weights`. Errors: ShapeError, and then nothing has changed. */
  setWeights(values: readonly TensorLike[]): void {
    setWeights("setWeights", this.name, this.weights, values);
  }

  /** Keras 3's config of the model, as `ek.models.fromConfig` reads it. */
  toJSON(): ModelConfig {
    return modelConfig(this);
  }

  /** The part `config` of `toJSON()`: name and layers. */
  getConfig(): ModelConfig["config"] {
    return modelConfig(this).config;
  }

  /** Saves weights, config, optimizer, statistics and random state as one file; without a target it gives the bytes. */
  save(): Promise<Uint8Array<ArrayBuffer>>;
  save(target: SaveTarget): Promise<void>;
  save(target?: SaveTarget): Promise<Uint8Array<ArrayBuffer> | void> {
    return save(this, target);
  }

  /** Frees the weights, and the optimizer's state when the model made the optimizer. */
  dispose(): void {
    for (const layer of this.#layers) layer.dispose();
    this.reference.set(undefined);
    if (this.#compiled?.ownsOptimizer) this.#compiled.optimizer.dispose();
  }
}

/** A model of layers one after the other: `sequential([...])`, or `sequential({ layers, name })`. */
export function sequential(options?: readonly Layer[] | SequentialOptions): Sequential {
  return new Sequential(options);
}

function checkOptions(options: unknown): SequentialOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ArgumentError(`sequential: ${valueText(options)}; pass an array of layers, or { layers, name }`);
  }
  checkKeys("sequential", options, ["layers", "name"]);
  return options;
}

function isSize(size: unknown): boolean {
  return Number.isSafeInteger(size) && (size as number) > 0;
}
