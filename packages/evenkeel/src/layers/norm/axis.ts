import { ArgumentError, valueText } from "../../errors.ts";

/** An option that names one axis or several. */
export function checkAxis(op: string, axis: unknown): number | readonly number[] {
  const axes = Array.isArray(axis) ? axis : [axis];
  if (axes.length > 0 && axes.every(Number.isInteger)) return Array.isArray(axis) ? [...axes] : (axis as number);
  throw new ArgumentError(`${op}: axis is ${valueText(axis)}; use an integer, or an array of one or more`);
}
