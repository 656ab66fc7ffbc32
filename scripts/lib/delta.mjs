// What turns one file into another that has most of its bytes, in other places: what to insert and what to copy, by
// turns. src/wasm/patch.ts does it. (Deflate by itself sees 32 KB back, and our modules are larger.)

/** Shorter runs cost more to name than to repeat. */
const least = 12;
/** Bytes by which places are looked up. */
const seed = 8;

/**
 * Numbers are LEB128. Each turn: how many bytes to insert, these bytes, how many to copy, from how far behind or before
 * the end of the last copy (zigzag: the sign is the lowest bit).
 * @param {Uint8Array} source
 * @param {Uint8Array} wanted
 */
export function deltaOf(source, wanted) {
  const [from, to] = [Buffer.from(source), Buffer.from(wanted)];
  const places = placesOf(from);
  /** @type {number[]} */
  const delta = [];
  let [inserted, copied] = [0, 0];
  for (let at = 0; at <= to.length;) {
    const run = at === to.length ? { start: copied, length: 0 } : longestRun(from, to, at, places);
    if (run.length < least && at < to.length) {
      at += 1;
      continue;
    }
    pushNumber(delta, at - inserted);
    delta.push(...to.subarray(inserted, at));
    pushNumber(delta, run.length);
    pushNumber(delta, run.start < copied ? 2 * (copied - run.start) - 1 : 2 * (run.start - copied));
    copied = run.start + run.length;
    at += run.length;
    inserted = at;
    if (run.length === 0) break;
  }
  return Uint8Array.from(delta);
}

/** Where the next bytes of `to` are in `from`, as many of them as can be. @param {Map<string, number[]>} places */
function longestRun(/** @type {Buffer} */ from, /** @type {Buffer} */ to, /** @type {number} */ at, places) {
  let best = { start: 0, length: 0 };
  for (const start of places.get(to.toString("latin1", at, at + seed)) ?? []) {
    let length = 0;
    while (at + length < to.length && start + length < from.length && from[start + length] === to[at + length])
      length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** @param {Buffer} from */
function placesOf(from) {
  /** @type {Map<string, number[]>} */
  const places = new Map();
  for (let at = 0; at + seed <= from.length; at++) {
    const key = from.toString("latin1", at, at + seed);
    const list = places.get(key);
    if (list === undefined) places.set(key, [at]);
    else list.push(at);
  }
  return places;
}

/** @param {number[]} bytes @param {number} value */
function pushNumber(bytes, value) {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}
