import { describe, expect, it } from "vitest";
import { sha256 } from "./cache.ts";
import { classCounts } from "./digits.ts";
import { embedded } from "./embedded.ts";

describe("embedded", () => {
  it("gives the bytes of the first 10,000 training images, by class", async () => {
    const { images, labels, shape, length } = await embedded();
    expect([shape, length]).toEqual([[10_000, 28, 28], 10_000]);
    expect(classCounts(labels)).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    expect([...labels]).toEqual([...labels].sort());
    expect(sha256(images)).toBe("0768d16c5adea568dee18fa5e4e1acb117e9ec2c5d6b1dffe5fc29c1e61c1eca");
  });
});
