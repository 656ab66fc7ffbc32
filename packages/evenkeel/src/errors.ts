/** Every error evenkeel throws on purpose. Messages read `op: what came; what was wanted and the fix`. */
export class EvenkeelError extends Error {
  override name = "EvenkeelError";
}

/** A tensor's shape or rank does not fit. */
export class ShapeError extends EvenkeelError {
  override name = "ShapeError";
}

/** An option or argument is unknown, of the wrong type or out of range. */
export class ArgumentError extends EvenkeelError {
  override name = "ArgumentError";
}

/** The values of the data are wrong: NaN, Infinity, labels out of range, a broken file. */
export class DataError extends EvenkeelError {
  override name = "DataError";
}

/** A tensor was used after `dispose()` or after its scope had ended. */
export class DisposedError extends EvenkeelError {
  override name = "DisposedError";
}

/** The WASM memory (at most 4 GiB) or the host has no room left. */
export class OutOfMemoryError extends EvenkeelError {
  override name = "OutOfMemoryError";
}

/** `[null, 28, 28, 1]`, as shapes are written in every message. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => String(size)).join(", ")}]`;
}

/** A short, safe rendering of any value for a message. */
export function valueText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (Array.isArray(value)) {
    const text = `[${value.slice(0, 8).map(valueText).join(", ")}${value.length > 8 ? ", ..." : ""}]`;
    return text.length > 80 ? `an array of ${value.length}` : text;
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return `an object (${value.constructor?.name ?? "Object"})`;
  return String(value);
}

/** Throws for a name that is not in `valid`, naming the nearest one. */
export function unknownName(op: string, what: string, got: unknown, valid: readonly string[]): never {
  const near = typeof got === "string" ? nearestName(got, valid) : undefined;
  const hint = near === undefined ? "" : `did you mean ${JSON.stringify(near)}? `;
  throw new ArgumentError(`${op}: unknown ${what} ${valueText(got)}; ${hint}valid: ${valid.join(", ")}`);
}

/** Throws when `options` has a key that is not in `valid`. */
export function checkKeys(op: string, options: object, valid: readonly string[]): void {
  for (const key of Object.keys(options)) if (!valid.includes(key)) unknownName(op, "option", key, valid);
}

/** Returns `value` when it is an integer of at least `min`. */
export function checkInteger(op: string, name: string, value: unknown, min = 0): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min) return value;
  throw new ArgumentError(`${op}: ${name} is ${valueText(value)}; use an integer of at least ${min}`);
}

/** Returns `value` when it is a finite number in [min, max]. */
export function checkNumber(op: string, name: string, value: unknown, min = -Infinity, max = Infinity): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= min && value <= max) return value;
  const range = max < Infinity ? `from ${min} to ${max}` : min > -Infinity ? `of at least ${min}` : "that is finite";
  throw new ArgumentError(`${op}: ${name} is ${valueText(value)}; use a number ${range}`);
}

/** The valid name with the smallest edit distance, when it is near enough to be a typing error. */
function nearestName(got: string, valid: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[_\s-]/g, "");
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(got.length / 3)) + 1;
  for (const name of valid) {
    const distance = editDistance(plain(got), plain(name));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
