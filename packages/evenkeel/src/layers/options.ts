import { ArgumentError, ShapeError, valueText } from "../errors.ts";
import type { PartialShape } from "../tensor/shape.ts";

export function checkPartialShape(op: string, name: string, shape: unknown): PartialShape {
  const valid =
    Array.isArray(shape) && shape.every((size) => size === null || (Number.isSafeInteger(size) && size >= 0));
  if (valid) return shape as PartialShape;
  throw new ShapeError(`${op}: ${name} is ${valueText(shape)}; use an array of integers of at least 0, or null`);
}

export function checkFlag(op: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${op}: ${name} is ${valueText(value)}; use true or false`);
}

/** How many layers of each kind took their name from the count. */
const counts = new Map<string, number>();

/** `given`, or Keras's next name of the kind: conv2d, conv2d_1 and so on, counted through the life of the program. */
export function uniqueName(op: string, kind: string, given: unknown): string {
  if (given === undefined) {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return count === 0 ? kind : `${kind}_${count}`;
  }
  if (typeof given === "string" && given !== "" && !given.includes("/")) return given;
  throw new ArgumentError(`${op}: name is ${valueText(given)}; use a text without "/"`);
}

/** @internal For tests: counts the names from the start again. */
export function resetNames(): void {
  counts.clear();
}
