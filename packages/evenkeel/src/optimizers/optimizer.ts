import { type NamedGradients, variableGrads, variableOf } from "../autograd/gradient.ts";
import { ArgumentError, checkInteger, checkKeys, checkNumber, ShapeError, shapeText, valueText } from "../errors.ts";
import type { Serialized } from "../keras.ts";
import { accumulate } from "../ops/updates.ts";
import { zeros } from "../tensor/create.ts";
import { tidy } from "../tensor/scope.ts";
import { sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";

/** What a checkpoint holds of an optimizer. Slots are the optimizer's own, named `adam/dense/kernel/m`. */
export interface OptimizerState {
  readonly iterations: number;
  readonly slots: Readonly<Record<string, Tensor>>;
  /** Calls since the last step, where several make one; absent where there are none. */
  readonly accumulatedSteps?: number | undefined;
}

/** What every optimizer takes. */
export interface OptimizerOptions {
  /**
   * k: the average of the gradients of k calls makes one step, at the k-th; until then variables stay. As Keras's
   * gradient_accumulation_steps. In `fit` and `trainOnBatch` running statistics wait as well, and then move once, by
   * all values of the k batches; each batch is still normalized by its own. Default: null, each call is a step.
   */
  gradientAccumulationSteps?: number | null;
}

const accumulator = "gradient_accumulator";

/**
 * θ ← θ − step(∂L/∂θ): changes variables by their gradients, and keeps what it needs from step to step in slots, one
 * tensor of the variable's shape each. A subclass names its slots and updates one variable; the checks are here.
 *
 * With `gradientAccumulationSteps` k, g = Σgⱼ/k over k calls; a slot keeps the sum until the k-th.
 */
export abstract class Optimizer {
  /** Keras's name of the class. */
  static readonly className: string = "Optimizer";

  /** The name of the factory, as errors and slots say it. */
  readonly name: string;
  /** Calls that make one step. */
  readonly gradientAccumulationSteps: number;
  #learningRate: number;
  #iterations = 0;
  #accumulated = 0;
  readonly #slots = new Map<string, Variable>();
  /** The variables it has changed, by name: gradients that do not say whose they are belong to these. */
  readonly #variables = new Map<string, Variable>();

  constructor(name: string, learningRate: number, { gradientAccumulationSteps }: OptimizerOptions = {}) {
    this.name = name;
    this.#learningRate = checkNumber(name, "learningRate", learningRate, 0);
    this.gradientAccumulationSteps = checkInteger(name, "gradientAccumulationSteps", gradientAccumulationSteps ?? 1, 1);
  }

  get className(): string {
    return (this.constructor as typeof Optimizer).className;
  }

  /** May be set between steps. */
  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(value: number) {
    this.#learningRate = checkNumber(this.name, "learningRate", value, 0);
  }

  /** Steps so far. */
  get iterations(): number {
    return this.#iterations;
  }

  /** How many calls wait for the step they are a part of. */
  get accumulatedSteps(): number {
    return this.#accumulated;
  }

  /**
   * One step, or one of the parts of a step where gradients are accumulated. `grads`: by the names of the variables, as
   * `variableGrads` gives them. With `variables`, each of them must have a gradient; without, they are the ones that
   * `variableGrads` or an earlier step saw under these names. Their constraints are applied after the updates.
   *
   * Errors: ArgumentError and ShapeError for names and shapes that do not fit; then nothing has changed.
   */
  applyGradients(grads: NamedGradients, variables?: readonly Variable[]): void {
    const pairs = this.#pair(grads, variables);
    const steps = this.#withSlots(pairs);
    // Nothing can fail from here on; a layer has tried its constraints when it was built.
    const calls = this.gradientAccumulationSteps;
    for (const { variable, gradient, slots } of steps) {
      this.#variables.set(variable.name, variable);
      if (calls > 1) accumulate(slots.at(-1)!, gradient, 1 / calls);
    }
    this.#accumulated = (this.#accumulated + 1) % calls;
    if (this.#accumulated > 0) return;
    this.#iterations += 1;
    this.beginStep(this.#iterations);
    for (const { variable, gradient, slots } of steps) {
      this.update(variable, calls > 1 ? slots.at(-1)! : gradient, slots);
    }
    for (const { variable } of steps) {
      if (variable.constraint !== undefined) tidy(() => variable.assign(variable.constraint!(variable)));
    }
    // As in Keras, also the sums of variables that have no part in this step.
    for (const [name, slot] of this.#slots) if (name.endsWith(`/${accumulator}`)) slot.view(this.name).fill(0);
  }

  /**
   * One step down the gradient of `f()`, a scalar; returns its value when `returnCost`, else null. Named as in tfjs.
   */
  minimize(f: () => Tensor, returnCost = false, variables?: readonly Variable[]): Tensor | null {
    return tidy(() => {
      const { value, grads } = variableGrads(f, variables);
      this.applyGradients(grads, variables);
      return returnCost ? value : null;
    });
  }

  /** The slots themselves, not copies. */
  getState(): OptimizerState {
    const accumulatedSteps = this.#accumulated || undefined;
    return { iterations: this.#iterations, accumulatedSteps, slots: Object.fromEntries(this.#slots) };
  }

  /** Takes over the steps and copies of the slots of another optimizer of the same kind; what it had is gone. */
  setState(state: OptimizerState): void {
    const op = `${this.name}.setState`;
    checkKeys(op, state, ["iterations", "slots", "accumulatedSteps"]);
    const iterations = checkInteger(op, "iterations", state.iterations);
    const most = this.gradientAccumulationSteps - 1;
    const accumulated = checkNumber(op, "accumulatedSteps", state.accumulatedSteps ?? 0, 0, most);
    const slots = Object.entries(state.slots);
    for (const [name, slot] of slots) this.#checkSlot(op, name, slot);
    const copies = tidy(() => slots.map(([name, slot]) => [name, new Variable(slot, false, name)] as const));
    this.dispose();
    [this.#iterations, this.#accumulated] = [iterations, accumulated];
    for (const [name, copy] of copies) this.#slots.set(name, copy);
  }

  /** The options as Keras writes them. */
  abstract getConfig(): Record<string, unknown>;

  /** As `optimizers.deserialize` and Keras read it. */
  toJSON(): Serialized {
    const config = this.getConfig();
    return { module: "keras.optimizers", class_name: this.className, config, registered_name: null };
  }

  /** Frees the slots and forgets all steps. */
  dispose(): void {
    for (const slot of this.#slots.values()) slot.dispose();
    this.#slots.clear();
    this.#variables.clear();
    [this.#iterations, this.#accumulated] = [0, 0];
  }

  /** The part of `getConfig` that all have. */
  protected get sharedConfig(): Record<string, unknown> {
    const steps = this.gradientAccumulationSteps;
    return { learning_rate: this.learningRate, ...(steps > 1 && { gradient_accumulation_steps: steps }) };
  }

  /** What the subclass keeps for each variable: "m" is the slot `adam/dense/kernel/m`. */
  protected abstract get slotNames(): readonly string[];

  /** Called before the updates of step `iteration`, counted from 1. */
  protected abstract beginStep(iteration: number): void;

  /** Changes one variable and its slots in place, in the order of `slotNames`; must not throw. */
  protected abstract update(variable: Variable, gradient: Tensor, slots: readonly Variable[]): void;

  #pair(grads: NamedGradients, variables?: readonly Variable[]): [Variable, Tensor][] {
    const op = `${this.name}.applyGradients`;
    if (typeof grads !== "object" || grads === null || Array.isArray(grads)) {
      throw new ArgumentError(
        `${op}: gradients are ${valueText(grads)}; pass { name: gradient }, as variableGrads gives`,
      );
    }
    const known = variables === undefined ? this.#find(op, grads) : byName(op, variables);
    for (const name of Object.keys(grads)) {
      if (!known.has(name)) throw new ArgumentError(`${op}: a gradient for ${name}, which is not among the variables`);
    }
    return [...known].map(([name, variable]) => [variable, checkGradient(op, variable, grads[name])]);
  }

  #find(op: string, grads: NamedGradients): Map<string, Variable> {
    const found = Object.entries(grads).map(([name, gradient]): [string, Variable] => {
      const variable = variableOf(gradient) ?? this.#variables.get(name);
      if (variable !== undefined) return [name, variable];
      throw new ArgumentError(`${op}: no variable ${name} is known; pass the variables as the second argument`);
    });
    return new Map(found);
  }

  #withSlots(pairs: [Variable, Tensor][]): { variable: Variable; gradient: Tensor; slots: Variable[] }[] {
    const before = new Set(this.#slots.keys());
    try {
      return pairs.map(([variable, gradient]) => ({ variable, gradient, slots: this.#slotsOf(variable) }));
    } catch (error) {
      for (const [name, slot] of this.#slots) {
        if (before.has(name)) continue;
        slot.dispose();
        this.#slots.delete(name);
      }
      throw error;
    }
  }

  get #kinds(): readonly string[] {
    return this.gradientAccumulationSteps > 1 ? [...this.slotNames, accumulator] : this.slotNames;
  }

  /** The slots of a variable, zeros at first. */
  #slotsOf(variable: Variable): Variable[] {
    return this.#kinds.map((kind) => {
      const name = `${this.name}/${variable.name}/${kind}`;
      const found = this.#slots.get(name);
      if (found === undefined) {
        const slot = tidy(() => new Variable(zeros(variable.shape), false, name));
        this.#slots.set(name, slot);
        return slot;
      }
      if (sameShape(found.shape, variable.shape)) return found;
      const came = `the slot ${name} is ${shapeText(found.shape)}, the variable ${shapeText(variable.shape)}`;
      throw new ShapeError(`${this.name}: ${came}; use an optimizer of its own for each model`);
    });
  }

  #checkSlot(op: string, name: string, slot: unknown): void {
    const kinds = this.#kinds;
    const valid = name.startsWith(`${this.name}/`) && kinds.some((kind) => name.endsWith(`/${kind}`));
    if (!valid) throw new ArgumentError(`${op}: a slot ${name}; ${this.name} has ${kinds.join(" and ") || "none"}`);
    if (slot instanceof Tensor && slot.dtype === "float32") return;
    throw new ArgumentError(`${op}: the slot ${name} is ${valueText(slot)}; use a float32 tensor`);
  }
}

function byName(op: string, variables: readonly Variable[]): Map<string, Variable> {
  const result = new Map<string, Variable>();
  for (const variable of variables) {
    if (!(variable instanceof Variable)) throw new ArgumentError(`${op}: ${valueText(variable)} is no variable`);
    if (result.has(variable.name)) {
      throw new ArgumentError(`${op}: two variables are named ${variable.name}; give each its own name`);
    }
    result.set(variable.name, variable);
  }
  return result;
}

function checkGradient(op: string, variable: Variable, gradient: unknown): Tensor {
  const { name, shape } = variable;
  if (!(gradient instanceof Tensor)) {
    const came = gradient === undefined ? "no gradient" : valueText(gradient);
    throw new ArgumentError(`${op}: ${came} for ${name}; pass a tensor ${shapeText(shape)}`);
  }
  variable.storage(op);
  gradient.storage(op);
  if (gradient.dtype !== "float32") throw new ArgumentError(`${op}: the gradient of ${name} is int32; use float32`);
  if (sameShape(gradient.shape, shape)) return gradient;
  throw new ShapeError(`${op}: the gradient of ${name} is ${shapeText(gradient.shape)}; use ${shapeText(shape)}`);
}
