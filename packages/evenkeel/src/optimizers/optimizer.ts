import { type NamedGradients, variableGrads, variableOf } from "../autograd/gradient.ts";
import { ArgumentError, checkInteger, checkKeys, checkNumber, ShapeError, shapeText, valueText } from "../errors.ts";
import type { Serialized } from "../keras.ts";
import { zeros } from "../tensor/create.ts";
import { tidy } from "../tensor/scope.ts";
import { sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";

/** What a checkpoint holds of an optimizer. Slots are the optimizer's own, named `adam/dense/kernel/m`. */
export interface OptimizerState {
  readonly iterations: number;
  readonly slots: Readonly<Record<string, Tensor>>;
}

/**
 * θ ← θ − step(∂L/∂θ): changes variables by their gradients, and keeps what it needs from step to step in slots, one
 * tensor of the variable's shape each. A subclass names its slots and updates one variable; the checks are here.
 */
export abstract class Optimizer {
  /** Keras's name of the class. */
  static readonly className: string = "Optimizer";

  /** The name of the factory, as errors and slots say it. */
  readonly name: string;
  #learningRate: number;
  #iterations = 0;
  readonly #slots = new Map<string, Variable>();
  /** The variables it has changed, by name: gradients that do not say whose they are belong to these. */
  readonly #variables = new Map<string, Variable>();

  constructor(name: string, learningRate: number) {
    this.name = name;
    this.#learningRate = checkNumber(name, "learningRate", learningRate, 0);
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

  /**
   * One step. `grads`: by the names of the variables, as `variableGrads` gives them. With `variables`, each of them
   * must have a gradient; without, they are the ones that `variableGrads` or an earlier step saw under these names.
   * Their constraints are applied after the updates.
   *
   * Errors: ArgumentError and ShapeError for names and shapes that do not fit; then nothing has changed.
   */
  applyGradients(grads: NamedGradients, variables?: readonly Variable[]): void {
    const pairs = this.#pair(grads, variables);
    const steps = this.#withSlots(pairs);
    // Nothing can fail from here on; a layer has tried its constraints when it was built.
    this.#iterations += 1;
    this.beginStep(this.#iterations);
    for (const { variable, gradient, slots } of steps) {
      this.#variables.set(variable.name, variable);
      this.update(variable, gradient, slots);
    }
    for (const { variable } of steps) {
      if (variable.constraint !== undefined) tidy(() => variable.assign(variable.constraint!(variable)));
    }
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
    return { iterations: this.#iterations, slots: Object.fromEntries(this.#slots) };
  }

  /** Takes over the steps and copies of the slots of another optimizer of the same kind; what it had is gone. */
  setState(state: OptimizerState): void {
    const op = `${this.name}.setState`;
    checkKeys(op, state, ["iterations", "slots"]);
    const iterations = checkInteger(op, "iterations", state.iterations);
    const slots = Object.entries(state.slots);
    for (const [name, slot] of slots) this.#checkSlot(op, name, slot);
    const copies = tidy(() => slots.map(([name, slot]) => [name, new Variable(slot, false, name)] as const));
    this.dispose();
    this.#iterations = iterations;
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
    this.#iterations = 0;
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

  /** The slots of a variable, zeros at first. */
  #slotsOf(variable: Variable): Variable[] {
    return this.slotNames.map((kind) => {
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
    const kinds = this.slotNames;
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
