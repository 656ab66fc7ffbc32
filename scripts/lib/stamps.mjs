// Stamps: a step of the set-up is skipped when the hash of all it depends on is the one of its last success.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const stamps = join(root, ".cache", "stamps");
const ignored = new Set(["node_modules", "target", "dist", "generated"]);

/**
 * A hash of `words` and of the files (or of all files below the folders) named relative to the repository.
 * A missing file counts as such.
 * @param {string[]} paths
 * @param {string[]} words
 */
export function hashOf(paths, words = []) {
  const hash = createHash("sha256").update(JSON.stringify([process.platform, process.arch, words]));
  for (const path of paths) {
    for (const file of filesBelow(path)) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** @param {string} path @returns {string[]} */
function filesBelow(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .filter((name) => !ignored.has(name))
    .sort()
    .flatMap((name) => filesBelow(`${path}/${name}`));
}

/** The hash of the step's last success. @param {string} name */
export function readStamp(name) {
  try {
    return readFileSync(join(stamps, name), "utf8");
  } catch {
    return undefined;
  }
}

/** Written last, in one move: an interrupted step has no stamp. @param {string} name @param {string} hash */
export function writeStamp(name, hash) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, `${name}.new`), hash);
  renameSync(join(stamps, `${name}.new`), join(stamps, name));
}
