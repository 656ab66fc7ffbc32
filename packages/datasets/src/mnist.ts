import { Cache } from "./cache.ts";
import { type Digits, readPair } from "./digits.ts";
import { download, DownloadError } from "./download.ts";
import { EMBEDDED_NAME, embedded } from "./embedded.ts";
import { readFolder, unpack } from "./folder.ts";
import { type OfficialPair, official, type Part, PARTS } from "./official.ts";
import { type MnistOptions, type Settings, toSettings } from "./options.ts";
import { holdOut, permutation, take } from "./split.ts";

export type SourceName = "folder" | "cache" | "download" | "embedded";

/** Where each part comes from. `heldOut`: test was split off the training images; `text`: the line that was logged. */
export interface Source {
  train: SourceName;
  test: SourceName;
  heldOut: boolean;
  text: string;
}

export interface Mnist {
  train: Digits;
  test: Digits;
  source: Source;
}

interface Found {
  digits: Digits;
  name: SourceName;
  /** For people: "the folder /data". */
  where: string;
}

type Parts = Partial<Record<Part, Found>>;

async function fromCache(cache: Cache, pair: OfficialPair): Promise<Digits | undefined> {
  const [images, labels] = await Promise.all([cache.read(pair.images), cache.read(pair.labels)]);
  if (!images || !labels) return undefined;
  const plain = await Promise.all([
    unpack({ name: cache.path(pair.images.name), bytes: images }),
    unpack({ name: cache.path(pair.labels.name), bytes: labels }),
  ]);
  return readPair(...plain);
}

/** Downloads the missing parts. A failure is logged, and remembered so that the next run starts at once. */
async function fromMirrors(
  parts: Parts,
  files: Record<Part, OfficialPair>,
  cache: Cache,
  settings: Settings,
): Promise<void> {
  const { mirrors, offline, signal, log, timeouts, onProgress } = settings;
  const missing = PARTS.filter((part) => !parts[part]);
  if (missing.length === 0 || offline === true) return;
  const minutes = offline === false ? undefined : await cache.minutesSinceFailure(mirrors);
  if (minutes !== undefined) {
    log(
      `mnist: no download: it failed ${minutes} min ago, and is tried again after an hour ` +
        "(at once with offline: false)",
    );
    return;
  }
  const failures: DownloadError[] = [];
  const dead = new Set<string>();
  for (const part of missing) {
    if (dead.size === mirrors.length) break;
    try {
      const named = [];
      // Labels first: they are small, so that a mirror without the data is noticed at once.
      for (const file of [files[part].labels, files[part].images]) {
        const bytes =
          (await cache.read(file)) ?? (await download(file, { cache, mirrors, dead, signal, timeouts, onProgress }));
        named.push(await unpack({ name: file.name, bytes }));
      }
      const [labels, images] = named;
      parts[part] = { digits: readPair(images!, labels!), name: "download", where: "a download" };
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      failures.push(error);
    }
  }
  if (failures.length === 0) return cache.forgetFailure();
  const reason = failures.map((failure) => failure.message).join("; ");
  log(`mnist: the download failed: ${reason}`);
  if (!failures.some((failure) => failure.progressed)) await cache.rememberFailure(mirrors, reason);
}

function describe(train: Found, test: Found, heldOut: boolean, seed: number): string {
  const [trains, tests] = [train, test].map(({ digits }) => digits.length.toLocaleString("en-US"));
  if (heldOut) return `mnist: train ${trains} and test ${tests} from ${train.where}, split by class with seed ${seed}`;
  if (train.where === test.where) return `mnist: train ${trains} and test ${tests} from ${train.where}`;
  return `mnist: train ${trains} from ${train.where}, test ${tests} from ${test.where}`;
}

/** `mnist` with the files to look for as an argument, so that tests can serve small ones. */
export async function load(options: MnistOptions, files: Record<Part, OfficialPair>): Promise<Mnist> {
  const settings = toSettings(options);
  const { folder, seed, signal, log } = settings;
  signal?.throwIfAborted();
  const parts: Parts = {};
  if (folder !== undefined) {
    const held = await readFolder(folder, files, log);
    for (const part of PARTS) {
      const digits = held[part];
      if (digits) parts[part] = { digits, name: "folder", where: `the folder ${folder}` };
    }
  }
  const cache = new Cache(settings.cache, log);
  for (const part of PARTS) {
    const digits = parts[part] ? undefined : await fromCache(cache, files[part]);
    if (digits) parts[part] = { digits, name: "cache", where: `the cache ${cache.folder}` };
  }
  await fromMirrors(parts, files, cache, settings);

  let { train, test } = parts;
  if (!train) {
    const digits = await embedded();
    // Sorted by class: a network that meets one class after the other learns nothing. The split below shuffles too.
    const shuffled = test ? take(digits, permutation(digits.length, seed)) : digits;
    train = { digits: shuffled, name: "embedded", where: EMBEDDED_NAME };
  }
  // Never the embedded images as a test set for official training images: they are among these.
  const heldOut = !test;
  if (!test) {
    const split = holdOut(train.digits, seed);
    test = { ...train, digits: split.test };
    train = { ...train, digits: split.train };
  }
  signal?.throwIfAborted();
  const text = describe(train, test, heldOut, seed);
  log(text);
  return { train: train.digits, test: test.digits, source: { train: train.name, test: test.name, heldOut, text } };
}

/**
 * MNIST: train and test images [n, 28, 28] as bytes, with labels 0 to 9 [n].
 *
 * Each part comes from the first of: the folder that `folder` or EVENKEEL_DATA names (gzipped or plain idx files), the
 * cache, a download of the official 60,000 + 10,000 (SHA-256 checked, resumed, then cached), and for the training part
 * the 10,000 embedded official training images. Without any test part, a tenth of the training images is held out by
 * class (embedded: 9,000 + 1,000). Which source was used is logged in one line, and in `source`.
 *
 * Throws DataError for a folder that is missing or holds no pair of idx files, for a corrupt file in it, and for bad
 * options; the signal's reason when aborted. No network, or a cache that cannot be written, is logged and no error.
 */
export function mnist(options: MnistOptions = {}): Promise<Mnist> {
  return load(options, official);
}
