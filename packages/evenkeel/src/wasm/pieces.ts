/**
 * One of two modules that travel by turns, a piece of each (scripts/lib/wasm.mjs says why): the first for `which` 0, of
 * `sizes[0]` bytes, the second for 1.
 */
export function takePieces(
  zipped: Uint8Array,
  pieceSize: number,
  sizes: readonly [number, number],
  which: 0 | 1,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(sizes[which]);
  let from = 0;
  for (let at = 0; from < zipped.length; at += pieceSize) {
    const lengths = sizes.map((size) => Math.min(pieceSize, Math.max(size - at, 0))) as [number, number];
    const start = which === 0 ? from : from + lengths[0];
    result.set(zipped.subarray(start, start + lengths[which]), Math.min(at, result.length));
    from += lengths[0] + lengths[1];
  }
  return result;
}
