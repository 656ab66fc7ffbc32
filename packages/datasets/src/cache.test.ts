import { readdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Cache, defaultCache, sha256 } from "./cache.ts";
import { temporaryFolder } from "./testing.ts";

afterEach(() => vi.useRealTimers());

describe("defaultCache", () => {
  it("is where the system keeps caches", () => {
    expect(defaultCache({ XDG_CACHE_HOME: "/xdg" }, "linux")).toBe(join("/xdg", "evenkeel", "mnist"));
    expect(defaultCache({}, "linux")).toBe(join(homedir(), ".cache", "evenkeel", "mnist"));
    expect(defaultCache({ XDG_CACHE_HOME: "relative" }, "linux")).toBe(join(homedir(), ".cache", "evenkeel", "mnist"));
    expect(defaultCache({}, "darwin")).toBe(join(homedir(), "Library", "Caches", "evenkeel", "mnist"));
    expect(defaultCache({ LOCALAPPDATA: "/local" }, "win32")).toBe(join("/local", "evenkeel", "mnist"));
    expect(defaultCache({}, "win32")).toBe(join(homedir(), "AppData", "Local", "evenkeel", "mnist"));
  });
});

describe("Cache", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const file = { name: "file.gz", bytes: 3, sha256: sha256(bytes) };

  async function makeCache(folder?: string) {
    const lines: string[] = [];
    const cache = new Cache(folder ?? join(await temporaryFolder(), "deep", "er"), (line) => lines.push(line));
    return { cache, lines };
  }

  it("gives back what it was given, and leaves no other file", async () => {
    const { cache, lines } = await makeCache();
    expect(await cache.read(file)).toBeUndefined();
    await Promise.all([cache.write(file.name, bytes), cache.write(file.name, bytes)]);
    expect([...(await cache.read(file))!]).toEqual([1, 2, 3]);
    expect(await readdir(cache.folder!)).toEqual([file.name]);
    expect(lines).toEqual([]);
  });

  it("reports and removes a corrupt file", async () => {
    const { cache, lines } = await makeCache(await temporaryFolder());
    await writeFile(cache.path(file.name), "other");
    expect(await cache.read(file)).toBeUndefined();
    expect(lines).toEqual([
      expect.stringMatching(/file\.gz is corrupt \(5 bytes with SHA-256 d9298a10.*, wanted 3 with/),
    ]);
    expect(await readdir(cache.folder!)).toEqual([]);
  });

  it("tells once where it cannot write, and goes on", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a-file"), "");
    const { cache, lines } = await makeCache(join(folder, "a-file", "cache"));
    await cache.write(file.name, bytes);
    await cache.rememberFailure(["http://a/"], "why");
    expect(await cache.read(file)).toBeUndefined();
    expect(lines).toEqual([
      expect.stringMatching(/cannot write to the cache .*a-file.cache \(ENOTDIR.*going on in memory/),
    ]);
  });

  it("does nothing without a folder", async () => {
    const lines: string[] = [];
    const cache = new Cache(undefined, (line) => lines.push(line));
    await cache.write(file.name, bytes);
    await cache.rememberFailure(["http://a/"], "why");
    await cache.forgetFailure();
    expect(await cache.read(file)).toBeUndefined();
    expect(await cache.minutesSinceFailure(["http://a/"])).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it("remembers a failure for an hour, for the same mirrors", async () => {
    const { cache } = await makeCache();
    const start = Date.now();
    const at = (minutes: number) => {
      vi.useFakeTimers({ now: start + minutes * 60_000, toFake: ["Date"] });
      return cache.minutesSinceFailure(["http://a/"]);
    };
    expect(await at(0)).toBeUndefined();
    await cache.rememberFailure(["http://a/"], "why");
    expect(await at(5)).toBe(5);
    expect(await cache.minutesSinceFailure(["http://b/"])).toBeUndefined();
    expect(await at(61)).toBeUndefined();
    expect(await at(-1)).toBeUndefined();
    expect(await at(5)).toBe(5);
    await cache.forgetFailure();
    expect(await at(5)).toBeUndefined();
  });

  it("takes a damaged note of a failure for none", async () => {
    const { cache } = await makeCache(await temporaryFolder());
    for (const text of ["", "{", "null", "{}", '{"time":"x","mirrors":["http://a/"]}']) {
      await writeFile(cache.path("failed-download.json"), text);
      expect(await cache.minutesSinceFailure(["http://a/"])).toBeUndefined();
    }
  });
});
