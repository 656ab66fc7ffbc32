import { ArgumentError } from "../errors.ts";
import { sumOf } from "../tensor/create.ts";
import { deferWhile, disposeScoped, enterScope, leaveScopes, tidy } from "../tensor/scope.ts";
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

/** Whether ops are being noted for a gradient. */
export function isRecording(): boolean {
  return tapes.length > 0;
}

deferWhile(isRecording);

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
 *
 * Memory is given back on the way, so that a step holds no more than what is still to be read: an adjoint's own tensors
 * with the adjoint; a gradient when its op was passed; and the op's results too, unless they are kept, asked for, or
 * another tape runs.
 */
export function backward(tape: Tape, y: Tensor, dy: Tensor, xs: readonly Tensor[]): (Tensor | undefined)[] {
  const gradients = new Gradients();
  const wanted = new Set<Tensor>([y, ...xs]);
  const last = tapes.length === 0;
  try {
    gradients.add("gradient", y, dy);
    withoutRecording(() => {
      for (const operation of tape.operations.toReversed()) {
        step(tape, operation, gradients);
        for (const output of operation.outputs) {
          if (wanted.has(output)) continue;
          gradients.free(output);
          if (last) disposeScoped(output);
        }
      }
    });
    const result = xs.map((x) => gradients.take(x));
    refuseSecondOrder(tape, result, xs);
    return result;
  } finally {
    gradients.dispose();
  }
}

function step(tape: Tape, { name, inputs, outputs, adjoint }: Operation, gradients: Gradients): void {
  const dys = outputs.map((output) => gradients.get(output));
  if (dys.every((dy) => dy === undefined)) return;
  const needs = inputs.map((input) => tape.tracks(input));
  tidy(() => {
    const dxs = adjoint(dys, needs);
    inputs.forEach((input, i) => {
      if (needs[i] && dxs[i] !== undefined) gradients.add(name, input, dxs[i]);
    });
  });
}

/** What has arrived at the tensors of a walk so far. It belongs to the walk, and to no scope until it is taken. */
class Gradients {
  readonly #arrived = new Map<Tensor, Tensor>();

  get(x: Tensor): Tensor | undefined {
    return this.#arrived.get(x);
  }

  /** Adds `dx` to the gradient of x. An adjoint may hand the same tensor to several inputs, so it is shared. */
  add(op: string, x: Tensor, dx: Tensor): void {
    if (dx.size !== x.size) throw new ArgumentError(`${op}: a gradient of another size than its input; check gradFunc`);
    const before = this.#arrived.get(x);
    const sum = before === undefined ? shareTensor(op, dx, x.shape) : sumOf(op, before, dx);
    leaveScopes(sum);
    this.#arrived.set(x, sum);
    before?.dispose();
  }

  /** Hands the gradient of x to the scope there is. */
  take(x: Tensor): Tensor | undefined {
    const gradient = this.#arrived.get(x);
    if (gradient !== undefined) enterScope(gradient);
    this.#arrived.delete(x);
    return gradient;
  }

  free(x: Tensor): void {
    this.#arrived.get(x)?.dispose();
    this.#arrived.delete(x);
  }

  dispose(): void {
    for (const gradient of this.#arrived.values()) gradient.dispose();
  }
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
