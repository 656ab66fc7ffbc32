import { ArgumentError, checkInteger, checkKeys, ShapeError, shapeText, unknownName, valueText } from "../errors.ts";
import { camelCase, type Serialized, snakeCase } from "../keras.ts";
import { floatTensor } from "../ops/inputs.ts";
import { scoped, tidy } from "../tensor/scope.ts";
import type { PartialShape, Shape } from "../tensor/shape.ts";
import { copyTensor, type Tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "../tensor/values.ts";
import { Variable } from "../tensor/variable.ts";
import type { Constraint } from "./constraint.ts";
import type { Initializer } from "./initializer.ts";
import { checkFlag, checkPartialShape, uniqueName } from "./options.ts";
import type { Regularizer } from "./regularizer.ts";
import { setWeights } from "./set-weights.ts";
import { tried } from "./weight-settings.ts";

/** What every layer takes. */
export interface LayerOptions {
  /** Default: as Keras counts them, conv2d, conv2d_1 and so on. Unique within a model, without "/". */
  name?: string;
  /** Default: true. False freezes the layer. */
  trainable?: boolean;
  /** "float32" is the only one. */
  dtype?: "float32";
  /** Sizes of one sample, for the first layer of a model. */
  inputShape?: PartialShape;
  /** The same with the batch axis first, e.g. [null, 28, 28, 1]. */
  batchInputShape?: PartialShape;
}

export interface CallOptions {
  /** Default: false. */
  training?: boolean;
  /** 1 (or true) where a position counts, 0 where it does not; for layers that say so. */
  mask?: TensorLike;
  /** A second input, for layers that say so. */
  condition?: TensorLike;
}

/** What `call` gets beside x: what the layer `takes`, where the caller gave it. */
export type Given = Pick<CallOptions, "mask" | "condition">;

/** What a layer keeps beside its weights: for checkpoints (JSON), and to undo a step that threw. */
export interface ExtraState<Snapshot = unknown> {
  getState(): object;
  setState(state: object): void;
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
  /** While it is on, what training would move stays, and is kept for `settle`: gradients are being accumulated. */
  gather?(on: boolean): void;
  /** What was gathered is taken in as that of one batch, or with `take` false dropped. */
  settle?(take: boolean): void;
}

/** What a layer can be applied to; `build` narrows it. */
export interface InputSpec {
  readonly rank?: number;
  readonly minRank?: number;
  /** For the error: what the axes are. */
  readonly layout?: string;
  /** Axis → size. */
  readonly sizes?: ReadonlyMap<number, number>;
}

export interface WeightOptions {
  name: string;
  shape: Shape;
  initializer: Initializer;
  trainable?: boolean;
  /** Default: none. */
  regularizer?: Regularizer | null;
  /** Default: none. */
  constraint?: Constraint | null;
}

const baseKeys = ["name", "trainable", "dtype", "inputShape", "batchInputShape"];

/**
 * y = call(x): a function with weights of its own. A subclass says what it takes (`input`), makes its weights
 * (`createWeights`), and computes its result (`call`) and the shape of it (`outputShape`); nothing else is overridden.
 * Weights are made by `build`, or by the first `apply`. As Keras's Layer.
 */
export abstract class Layer {
  /** Keras's name of the class. */
  static readonly className: string = "Layer";

  readonly name: string;
  /** The name of the factory, as errors say it. */
  readonly op: string;
  /** Sizes of one sample, where the options gave them. */
  readonly inputShape: PartialShape | undefined;
  /** Running statistics or a random stream; undefined for most layers. */
  readonly extraState: ExtraState | undefined = undefined;
  protected input: InputSpec = {};
  /** The options of `apply` that this layer takes beside `training`. */
  readonly takes: readonly (keyof Given)[] = [];
  #trainable: boolean;
  #built = false;
  #trained: Variable[] = [];
  #others: Variable[] = [];

  /** `keys`: the options of the subclass; others are errors. */
  constructor(options: LayerOptions, keys: readonly string[]) {
    const prefix = snakeCase(this.className);
    this.op = camelCase(prefix);
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
      throw new ArgumentError(`${this.op}: options are ${valueText(options)}; pass an object, e.g. { name: "first" }`);
    }
    checkKeys(this.op, options, [...keys, ...baseKeys]);
    const { trainable = true, dtype = "float32" } = options;
    if (dtype !== "float32") unknownName(this.op, "dtype", dtype, ["float32"]);
    this.#trainable = checkFlag(this.op, "trainable", trainable);
    this.inputShape = sampleShape(this.op, options);
    this.name = uniqueName(this.op, prefix, options.name);
  }

  get className(): string {
    return (this.constructor as typeof Layer).className;
  }

  get built(): boolean {
    return this.#built;
  }

  /** False freezes the layer: its weights get no gradients and its statistics stay, whatever `training` says. */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    this.#trainable = checkFlag(this.op, "trainable", value);
    for (const variable of this.#trained) variable.trainable = value;
  }

  /**
   * Makes the weights for an input shape, batch first, null where any size will do. When they are there already, only
   * checks that they fit. Errors: ShapeError; then nothing has changed.
   */
  build(inputShape: PartialShape): void {
    this.#check(inputShape);
    if (this.#built) return;
    try {
      tidy(() => this.createWeights(inputShape));
      this.#built = true;
    } catch (error) {
      this.dispose();
      [this.#trained, this.#others] = [[], []];
      throw error;
    }
  }

  /**
   * The shape of the result, null where the input has null. Errors: ShapeError when the layer cannot take the input.
   */
  computeOutputShape(inputShape: PartialShape): PartialShape {
    this.#check(inputShape);
    return this.outputShape(inputShape);
  }

  /** The result for one batch, differentiable in `x` and in the trainable weights. Builds the layer when it is not. */
  apply(x: TensorLike, options: CallOptions = {}): Tensor {
    const { training = false, ...given } = options;
    for (const key of Object.keys(given) as (keyof Given)[]) if (given[key] === undefined) delete given[key];
    checkKeys(this.op, given, ["training", ...this.takes]);
    return scoped(() => {
      const input = floatTensor(this.op, x);
      this.build(input.shape);
      return this.call(input, checkFlag(this.op, "training", training), given);
    });
  }

  /** All variables in Keras's order: those that training changes, then the others. */
  get weights(): Variable[] {
    return [...this.#trained, ...this.#others];
  }

  /** None when the layer is frozen. */
  get trainableWeights(): Variable[] {
    return this.#trainable ? [...this.#trained] : [];
  }

  get nonTrainableWeights(): Variable[] {
    return this.#trainable ? [...this.#others] : this.weights;
  }

  /** The penalties of the regularizers of the trainable weights: scalars, differentiable. */
  get losses(): Tensor[] {
    return tidy(() => this.trainableWeights.flatMap((one) => one.regularizer?.(one) ?? []));
  }

  countParams(): number {
    return this.weights.reduce((sum, { size }) => sum + size, 0);
  }

  /** Copies of the weights, in the order of `weights`, the caller's to free. */
  getWeights(): Tensor[] {
    return tidy(() => this.weights.map((one) => copyTensor("getWeights", one)));
  }

  /** Replaces all weights, in the order of `weights`. Errors: ShapeError, and then nothing has changed. */
  setWeights(values: readonly TensorLike[]): void {
    const until = this.#built ? "" : " until it is built by build()";
    setWeights(`${this.op}.setWeights`, this.name, this.weights, values, until);
  }

  /** The options as Keras 3 writes them. */
  getConfig(): Record<string, unknown> {
    return { name: this.name, trainable: this.trainable, dtype: "float32", ...this.ownConfig() };
  }

  /** As `deserialize` and Keras read it: `{ module, class_name, config, registered_name }`. */
  toJSON(): Serialized {
    return { module: "keras.layers", class_name: this.className, config: this.getConfig(), registered_name: null };
  }

  /** @internal Whether NaN in a model's data is left to this layer, its first. */
  get takesMissing(): boolean {
    return false;
  }

  /** The fewest samples of this shape (batch first) that the layer can train on. */
  smallestBatch(_inputShape: PartialShape): number {
    return 1;
  }

  /** Frees the weights. */
  dispose(): void {
    for (const variable of this.weights) variable.dispose();
  }

  /** Called once, with a shape that fits `input`; makes weights by `addWeight` and narrows `input`. */
  protected createWeights(_inputShape: PartialShape): void {}

  protected abstract outputShape(inputShape: PartialShape): PartialShape;

  protected abstract call(x: Tensor, training: boolean, given: Given): Tensor;

  /** The subclass's part of `getConfig`, with Keras's keys. */
  protected ownConfig(): Record<string, unknown> {
    return {};
  }

  protected addWeight({ name, shape, initializer, trainable = true, ...rules }: WeightOptions): Variable {
    const initial = initializer.make(shape);
    const regularizer = tried(`${this.op}: the regularizer of ${name}`, rules.regularizer, initial, []);
    const constraint = tried(`${this.op}: the constraint of ${name}`, rules.constraint, initial, shape);
    const variable = new Variable(initial, trainable && this.#trainable, `${this.name}/${name}`);
    Object.assign(variable, { regularizer, constraint });
    (trainable ? this.#trained : this.#others).push(variable);
    return variable;
  }

  /** The size of an axis that the weights depend on. */
  protected knownSize(shape: PartialShape, axis: number): number {
    const size = shape.at(axis);
    if (size !== null && size !== undefined) return checkInteger(this.op, `the size of axis ${axis}`, size, 1);
    throw new ShapeError(
      `${this.op}: the input of ${this.name} is ${shapeText(shape)}; the size of axis ${axis} must be known`,
    );
  }

  #check(shape: PartialShape): void {
    checkPartialShape(this.op, "the input shape", shape);
    const { rank, minRank = 1, layout, sizes = [] } = this.input;
    const came = (): string => `${this.op}: the input of ${this.name} is ${shapeText(shape)}`;
    if (rank === undefined ? shape.length < minRank : shape.length !== rank) {
      const wanted = rank === undefined ? `${minRank} or more` : rank;
      throw new ShapeError(`${came()}; use rank ${wanted}${layout === undefined ? "" : `: ${layout}`}`);
    }
    for (const [axis, size] of sizes) {
      if (shape.at(axis) === size || shape.at(axis) === null) continue;
      throw new ShapeError(`${came()}; it was built for ${size} on axis ${axis}: use that, or a new layer`);
    }
  }
}

function sampleShape(op: string, { inputShape, batchInputShape }: LayerOptions): PartialShape | undefined {
  if (inputShape !== undefined) {
    if (batchInputShape === undefined) return checkPartialShape(op, "inputShape", inputShape);
    throw new ArgumentError(`${op}: inputShape and batchInputShape both came; use one of them`);
  }
  if (batchInputShape == null) return undefined;
  if (checkPartialShape(op, "batchInputShape", batchInputShape).length > 0) return batchInputShape.slice(1);
  throw new ArgumentError(`${op}: batchInputShape is []; start it with the batch axis, e.g. [null, 28, 28, 1]`);
}
