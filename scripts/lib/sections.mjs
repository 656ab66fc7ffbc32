// A WASM module as its sections. The Node that builds may be too old to compile a module with relaxed SIMD.

/** @typedef {{ id: number, whole: Uint8Array, content: Uint8Array }} Section */

const header = 8;

/** @param {Uint8Array} bytes @returns {Section[]} */
export function sectionsOf(bytes) {
  const sections = [];
  for (let at = header; at < bytes.length;) {
    const { value: size, end: start } = leb(bytes, at + 1);
    const end = start + size;
    sections.push({ id: bytes[at] ?? 0, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) });
    at = end;
  }
  return sections;
}

/** Without names, producers and what wasm-bindgen notes down: nothing that runs. @param {Uint8Array} bytes */
export function withoutCustomSections(bytes) {
  const sections = sectionsOf(bytes).filter(({ id }) => id !== 0);
  return new Uint8Array(Buffer.concat([bytes.subarray(0, header), ...sections.map(({ whole }) => whole)]));
}

/** The names of all exports. @param {Uint8Array} bytes @returns {string[]} */
export function exportsOf(bytes) {
  const content = sectionsOf(bytes).find(({ id }) => id === 7)?.content ?? new Uint8Array(1);
  let { value: count, end: at } = leb(content, 0);
  const names = [];
  for (; count > 0; count--) {
    const { value: length, end: start } = leb(content, at);
    names.push(Buffer.from(content.subarray(start, start + length)).toString());
    // Its kind is one byte, then comes its index.
    at = leb(content, start + length + 1).end;
  }
  return names;
}

/** An unsigned LEB128 number and where it ends. @param {Uint8Array} bytes @param {number} at */
function leb(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at };
  }
}
