import { withoutRecording } from "../../autograd/tape.ts";
import { ArgumentError, type EvenkeelError } from "../../errors.ts";
import { snakeCase } from "../../keras.ts";
import { reshape } from "../../ops/shaping.ts";
import { tidy } from "../../tensor/scope.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { ExtraState, WeightOptions } from "../layer.ts";

/** The layer whose kernel is normalized. */
export interface Owner {
  readonly op: string;
  readonly name: string;
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
  /** Units or filters. */
  readonly outputs: number;
  readonly addWeight: (options: WeightOptions) => Variable;
}

/** x·kernel without bias and activation, the outputs on the last axis, for the x of this call. */
export type PreActivation = (kernel: Tensor) => Tensor;

interface Snapshot {
  readonly state: object;
  readonly values: readonly Float32Array[];
}

/**
 * kernel ↦ the kernel that the product takes, differentiable. A kernel is seen as [fanIn, outputs], one column an
 * output: a dense one is that, a convolution's has its window in the rows, a depthwise one's has channels·m columns.
 */
export abstract class KernelNormalization<Options extends object = object> implements ExtraState<Snapshot> {
  readonly #type: string;
  protected readonly options: Options;
  /** The weights that `move` changes: put back when a step throws. */
  protected moved: readonly Variable[] = [];
  #owner: Owner | undefined;

  /** `type`: as configs name it. The options are checked. */
  constructor(type: string, options: Options) {
    this.#type = type;
    this.options = options;
  }

  /** Called once, when the layer has its kernel and bias. */
  attach(owner: Owner): void {
    this.#owner = owner;
    withoutRecording(() => tidy(() => this.createWeights(this.#columns())));
  }

  /** The normalized kernel, in the shape of the kernel. `training`: of a layer that is not frozen. */
  apply(training: boolean, preActivation: PreActivation): Tensor {
    const inShape = (columns: Tensor): Tensor => reshape(columns, this.owner.kernel.shape);
    const columns = this.#columns();
    if (training) withoutRecording(() => tidy(() => this.move(columns, (each) => preActivation(inShape(each)))));
    return inShape(this.normalize(columns));
  }

  getState(): object {
    return {};
  }

  setState(_state: object): void {}

  snapshot(): Snapshot {
    return { state: this.getState(), values: this.moved.map((variable) => variable.dataSync()) };
  }

  restore({ state, values }: Snapshot): void {
    this.setState(state);
    values.forEach((value, i) => (this.moved[i]!.view("restore") as Float32Array).set(value));
  }

  toJSON(): object {
    const options = Object.entries(this.options).map(([key, value]) => [snakeCase(key), value]);
    return { type: this.#type, ...Object.fromEntries(options) };
  }

  protected createWeights(_columns: Tensor): void {}

  /** What a call in training changes before it normalizes; not differentiable. */
  protected move(_columns: Tensor, _preActivation: PreActivation): void {}

  protected abstract normalize(columns: Tensor): Tensor;

  protected get owner(): Owner {
    return this.#owner!;
  }

  /** Throws in the name of the layer. */
  protected refuse(text: string, type: typeof EvenkeelError = ArgumentError): never {
    throw new type(`${this.owner.op}: ${this.owner.name}: ${text}`);
  }

  #columns(): Tensor {
    return reshape(this.owner.kernel, [-1, this.owner.outputs]);
  }
}
