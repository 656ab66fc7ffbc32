import fc from "fast-check";

const seed = Number(process.env["EVENKEEL_SEED"] ?? 1);

/** Checks a property on random cases; a failure is shrunk to a small one. EVENKEEL_SEED tries other cases. */
export function check<T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>, numRuns = 100): void {
  fc.assert(property, { seed, numRuns });
}

/** The same for properties that await something. */
export async function checkAsync<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncProperty<T>,
  numRuns = 100,
): Promise<void> {
  await fc.assert(property, { seed, numRuns });
}

export const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** A shape of some axes, each of `min` to `max` places. */
export function shapes(minRank: number, maxRank: number, min = 1, max = 5): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min, max }), { minLength: minRank, maxLength: maxRank });
}
