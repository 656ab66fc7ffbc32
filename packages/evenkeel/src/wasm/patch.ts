/**
 * The file of `size` bytes that `delta` makes of `source`: by turns bytes to insert, which are in the delta, and bytes
 * to copy from the source, some way from the end of the last copy (scripts/lib/delta.mjs writes deltas).
 */
export function patch(source: Uint8Array, delta: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(size);
  let [read, written, from] = [0, 0, 0];
  const number = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = delta[read++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (bytes: Uint8Array): void => {
    result.set(bytes, written);
    written += bytes.length;
  };
  while (read < delta.length) {
    const inserted = number();
    take(delta.subarray(read, (read += inserted)));
    const copied = number();
    const distance = number();
    from += distance % 2 === 1 ? -(distance + 1) / 2 : distance / 2;
    take(source.subarray(from, (from += copied)));
  }
  return result;
}
