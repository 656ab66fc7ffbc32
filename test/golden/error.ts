/** The largest |got − reference| over the largest |reference|; infinite when anything is NaN or the shapes differ. */
export function errorOf(got: ArrayLike<number>, reference: ArrayLike<number>, scale = largest(reference)): number {
  if (got.length !== reference.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i]! - reference[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return scale === 0 ? worst : worst / scale;
}

function largest(values: ArrayLike<number>): number {
  let result = 0;
  for (let i = 0; i < values.length; i++) result = Math.max(result, Math.abs(values[i]!));
  return result;
}
