import { ArgumentError } from "../errors.ts";
import { sumOf } from "../tensor/create.ts";
import { deferWhile } from "../tensor/scope.ts";
import { shareTensor, type Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";

/**
 * One op as it ran. `adjoint` takes the gradients of the outputs (undefined where none arrived) and gives those of the
 * inputs, undefined where none flows; `needs` says which inputs want one, so that the others cost nothing.
 */
export interface Operation {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly adjoint: (dys: readonly (Tensor | undefined)[], needs: readonly boolean[]) => (Tensor | undefined)[];
}

/** The ops of one gradient computation, in the order they ran, and the tensors that depend on what is watched. */
class Tape {
  readonly operations: Operation[] = [];
  readonly #watched: Set<Tensor>;
  readonly #allVariables: boolean;

  constructor(watched: readonly Tensor[] | "variables") {
    this.#allVariables = watched === "variables";
    this.#watched = new Set(watched === "variables" ? [] : watched);
  }

  tracks(tensor: Tensor): boolean {
    return this.#watched.has(tensor) || (this.#allVariables && tensor instanceof Variable && tensor.trainable);
  }

  record(operation: Operation): void {
    if (!operation.inputs.some((input) => this.tracks(input))) return;
    this.operations.push(operation);
    for (const output of operation.outputs) this.#watched.add(output);
  }

  /** The trainable variables that any recorded op read. */
  variables(): Set<Variable> {
    const inputs = this.operations.flatMap((operation) => operation.inputs);
    return new Set(inputs.filter((x): x is Variable => x instanceof Variable && x.trainable));
  }
}

const tapes: Tape[] = [];
deferWhile(() => tapes.length > 0);

/** Called by every op with an adjoint, after its kernel has run. Costs next to nothing when nobody differentiates. */
export function record(operation: Operation): void {
  for (const tape of tapes) tape.record(operation);
}

/** Runs `f` with a tape that watches the given tensors, or every trainable variable. */
export function recording<T>(watched: readonly Tensor[] | "variables", f: () => T): { value: T; tape: Tape } {
  const tape = new Tape(watched);
  tapes.push(tape);
  try {
    return { value: f(), tape };
  } finally {
    tapes.splice(tapes.indexOf(tape), 1);
  }
}

/** Runs `f` with no op recorded: the inside of adjoints and of in-place updates. */
export function withoutRecording<T>(f: () => T): T {
  const paused = tapes.splice(0);
  try {
    return f();
  } finally {
    tapes.push(...paused);
  }
}

/**
 * Walks the tape backwards from `y`, whose gradient is `dy`, and returns the gradients of `xs`, in their order,
 * undefined where `y` does not depend on x. Gradients that meet are added. First order: the walk itself is not
 * differentiable.
 */
export function backward(tape: Tape, y: Tensor, dy: Tensor, xs: readonly Tensor[]): (Tensor | undefined)[] {
  const gradients = new Map<Tensor, Tensor>([[y, shareTensor("gradient", dy, dy.shape)]]);
  withoutRecording(() => {
    for (const operation of tape.operations.toReversed()) step(tape, operation, gradients, xs);
  });
  const result = xs.map((x) => gradients.get(x));
  refuseSecondOrder(tape, result, xs);
  return result;
}

function step(tape: Tape, operation: Operation, gradients: Map<Tensor, Tensor>, xs: readonly Tensor[]): void {
  const { name, inputs, outputs, adjoint } = operation;
  const dys = outputs.map((output) => gradients.get(output));
  if (dys.every((dy) => dy === undefined)) return;
  const needs = inputs.map((input) => tape.tracks(input));
  const dxs = adjoint(dys, needs);
  inputs.forEach((input, i) => {
    const dx = needs[i] ? dxs[i] : undefined;
    if (dx !== undefined) accumulate(name, gradients, input, dx);
  });
  // Nobody downstream is left to ask for these: freeing them here keeps the memory of a step low.
  outputs.forEach((output, i) => {
    if (dys[i] === undefined || xs.includes(output)) return;
    gradients.delete(output);
    dys[i].dispose();
  });
}

/** Adds `dx` to what has arrived at `input`. An adjoint may hand the same tensor to several inputs, so it is shared. */
function accumulate(name: string, gradients: Map<Tensor, Tensor>, input: Tensor, dx: Tensor): void {
  const before = gradients.get(input);
  if (dx.size !== input.size)
    throw new ArgumentError(`${name}: a gradient of another size than its input; check gradFunc`);
  if (before === undefined) {
    gradients.set(input, shareTensor(name, dx, input.shape));
    return;
  }
  gradients.set(input, sumOf(name, before, dx));
  before.dispose();
}

/** Leaves a trap on the tapes around this one: a gradient used inside a function that is itself differentiated. */
function refuseSecondOrder(tape: Tape, gradients: readonly (Tensor | undefined)[], xs: readonly Tensor[]): void {
  if (tapes.length === 0) return;
  const inputs = [...new Set([...xs, ...tape.operations.flatMap((operation) => operation.inputs)])];
  const outputs = gradients.filter((gradient) => gradient !== undefined);
  const adjoint = (): never => {
    throw new ArgumentError(
      "grad: the gradient of a gradient was asked for; only first order is there: use customGrad",
    );
  };
  record({ name: "grad", inputs, outputs, adjoint });
}

export type { Tape };
