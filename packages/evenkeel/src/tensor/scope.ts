import { ArgumentError } from "../errors.ts";
import type { Tensor } from "./tensor.ts";

/** What a scope made and nobody has taken out of it yet. The innermost scope is last. */
const scopes: Set<Tensor>[] = [];

let isRecording = (): boolean => false;

/** The tape says whether it runs: then backward still needs what inner scopes made, and they leave it to outer ones. */
export function deferWhile(recording: () => boolean): void {
  isRecording = recording;
}

/** Puts a tensor into the innermost scope; where there is none it is its maker's to free. */
export function enterScope(tensor: Tensor): void {
  const scope = scopes.at(-1);
  if (scope === undefined) tensor.freeWhenUnreachable();
  else scope.add(tensor);
}

/** Runs `f` in the scope there is, or in one of its own, for ops that make tensors on their way to the result. */
export function scoped<T>(f: () => T): T {
  return scopes.length > 0 ? f() : tidy(f);
}

/** Frees a tensor that a scope would free at its end: not one that was kept, or that belongs to somebody. */
export function disposeScoped(tensor: Tensor): void {
  if (leaveScopes(tensor)) tensor.dispose();
}

/** Takes a tensor out of the scope it is in: it was disposed, or belongs to somebody. False when it was in none. */
export function leaveScopes(tensor: Tensor): boolean {
  for (let i = scopes.length - 1; i >= 0; i--) if (scopes[i]!.delete(tensor)) return true;
  return false;
}

/**
 * Runs `f` and frees every tensor that it made, but for those it returns (also inside arrays and plain objects) or gave
 * to `keep`, and for variables. Also when it throws. Returned tensors belong to the surrounding scope, if there is one.
 * Inside of a function that is being differentiated they are freed with the gradient instead, which needs them.
 *
 * Errors: ArgumentError when `f` is asynchronous, as its tensors would be freed before it goes on. Named as in tfjs.
 */
export function tidy<T>(f: () => T): T;
export function tidy<T>(name: string, f: () => T): T;
export function tidy<T>(nameOrF: string | (() => T), maybeF?: () => T): T {
  const f = typeof nameOrF === "function" ? nameOrF : maybeF;
  if (typeof f !== "function") throw new ArgumentError("tidy: no function came; use tidy(() => ...)");
  const scope = new Set<Tensor>();
  scopes.push(scope);
  let returned: Tensor[] = [];
  try {
    const result = f();
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new ArgumentError("tidy: the function is async; make it synchronous, or free tensors with dispose()");
    }
    returned = tensorsIn(result);
    return result;
  } finally {
    scopes.pop();
    for (const tensor of isRecording() ? scope : returned) if (scope.delete(tensor)) enterScope(tensor);
    for (const tensor of scope) tensor.dispose();
  }
}

/**
 * Takes a tensor out of all scopes: it is freed by `dispose()`, or some time after the last reference to it is gone.
 */
export function keep<T extends Tensor>(tensor: T): T {
  leaveScopes(tensor);
  tensor.freeWhenUnreachable();
  return tensor;
}

/** Frees every tensor found in a tensor, array or plain object. Disposing twice does nothing. */
export function dispose(container: unknown): void {
  for (const tensor of tensorsIn(container)) tensor.dispose();
}

/** The tensors in a value: itself, or those in arrays and plain objects, at any depth. `seen`: those objects so far. */
export function tensorsIn(value: unknown, found: Tensor[] = [], seen?: Set<object>): Tensor[] {
  if (typeof value !== "object" || value === null || seen?.has(value)) return found;
  if (isTensor(value)) found.push(value);
  else if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) {
    (seen ??= new Set()).add(value);
    for (const part of Object.values(value)) tensorsIn(part, found, seen);
  }
  return found;
}

function isTensor(value: object): value is Tensor {
  return "freeWhenUnreachable" in value;
}
