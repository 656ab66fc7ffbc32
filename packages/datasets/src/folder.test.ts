import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readFolder } from "./folder.ts";
import { idxBytes, smallSet, temporaryFolder } from "./testing.ts";

const set = smallSet({ train: 4, test: 3 });
const plain = (name: string) => gunzipSync(set.bytes.get(name)!);
const [trainImages, trainLabels] = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"];
const [testImages, testLabels] = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"];

/** A folder with these files; `true` stands for the right bytes. */
async function folderWith(files: Record<string, Uint8Array | true>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(join(folder, name), bytes === true ? set.bytes.get(name)! : bytes);
  }
  return folder;
}

async function read(folder: string) {
  const lines: string[] = [];
  const parts = await readFolder(folder, set.files, (line) => lines.push(line));
  return { parts, lines };
}

const pair = { [testImages]: true, [testLabels]: true } as const;

describe("readFolder", () => {
  it("reads gzipped files", async () => {
    const { parts, lines } = await read(await folderWith({ ...pair, [trainImages]: true, [trainLabels]: true }));
    expect(parts.train?.images).toEqual(set.images.train);
    expect(parts.test?.images).toEqual(set.images.test);
    expect([...parts.train!.labels, ...parts.test!.labels]).toEqual([0, 1, 2, 3, 0, 1, 2]);
    expect(lines).toEqual([]);
  });

  it.each([
    ["plain", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    ["plain with a dot", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"],
    ["plain in spite of their .gz", testImages, testLabels],
  ])("reads %s files", async (_, images, labels) => {
    const folder = await folderWith({ [images]: plain(testImages), [labels]: plain(testLabels) });
    expect((await read(folder)).parts.test?.images).toEqual(set.images.test);
  });

  it("takes the test part alone, and tells half a pair", async () => {
    const { parts, lines } = await read(await folderWith({ ...pair, [trainLabels]: true }));
    expect(parts.train).toBeUndefined();
    expect(parts.test?.length).toBe(3);
    expect(lines).toEqual([expect.stringMatching(/has train-labels-idx1-ubyte.gz but not train-images-idx3-ubyte.gz/)]);
  });

  it.each([
    ["an empty folder", {}, /holds no pair of idx files, wanted train-images/],
    ["only half a pair", { [testImages]: true }, /holds no pair of idx files/],
    [
      "a cut gzip",
      { ...pair, [testImages]: set.bytes.get(testImages)!.subarray(0, 900) },
      /t10k-images.*truncated gzip/,
    ],
    ["a damaged gzip", { ...pair, [testLabels]: Uint8Array.of(0x1f, 0x8b, 8, 9, 9, 9) }, /t10k-labels.*broken/],
    ["a cut idx", { ...pair, [testImages]: gzipSync(plain(testImages).subarray(0, 99)) }, /t10k-images.*truncated/],
    ["labels named images", { ...pair, [testImages]: set.bytes.get(testLabels)! }, /t10k-images.*a labels file/],
    ["labels above 9", { ...pair, [testLabels]: idxBytes([3], [1, 2, 30]) }, /t10k-labels.*label 30 at index 2/],
    ["another set's labels", { ...pair, [testLabels]: set.bytes.get(trainLabels)! }, /has 3 images.*has 4 labels/],
  ] as [string, Record<string, Uint8Array | true>, RegExp][])("refuses %s", async (_, files, message) => {
    const folder = await folderWith(files);
    await expect(read(folder)).rejects.toThrow(message);
    await expect(read(folder)).rejects.toThrow(folder);
  });

  it("refuses a missing folder and a file in its place", async () => {
    const folder = await folderWith(pair);
    await expect(read(join(folder, "none"))).rejects.toThrow(
      /cannot read the folder .*none \(ENOENT.*name an existing/,
    );
    await expect(read(join(folder, testLabels))).rejects.toThrow(/cannot read the folder .*ENOTDIR/);
  });

  it("refuses a file that cannot be read", async () => {
    const folder = await folderWith({ [testLabels]: true });
    await mkdir(join(folder, testImages));
    await expect(read(folder)).rejects.toThrow(/cannot read .*t10k-images-idx3-ubyte.gz \(EISDIR/);
    const linked = await folderWith({ [testLabels]: true });
    await symlink(join(linked, "nowhere"), join(linked, testImages));
    await expect(read(linked)).rejects.toThrow(/cannot read .*t10k-images-idx3-ubyte.gz \(ENOENT/);
  });
});
