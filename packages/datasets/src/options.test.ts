import { sep } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { defaultMirrors } from "./official.ts";
import { type MnistOptions, toSettings } from "./options.ts";

afterEach(() => vi.unstubAllEnvs());

describe("toSettings", () => {
  it("fills in the defaults", () => {
    vi.stubEnv("EVENKEEL_DATA", "");
    const settings = toSettings({});
    expect(settings).toMatchObject({ folder: undefined, offline: undefined, seed: 0, mirrors: defaultMirrors });
    expect(settings.cache).toMatch(/evenkeel.mnist$/);
  });

  it("prefers the option to EVENKEEL_DATA", () => {
    vi.stubEnv("EVENKEEL_DATA", "/from-env");
    expect(toSettings({}).folder).toBe("/from-env");
    expect(toSettings({ folder: "/named" }).folder).toBe("/named");
    expect(toSettings({ folder: pathToFileURL(`${sep}by-url`) }).folder).toBe(`${sep}by-url`);
  });

  it("lets mirrors end with or without a slash", () => {
    expect(toSettings({ mirrors: ["http://a/x", "http://b/y/"] }).mirrors).toEqual(["http://a/x/", "http://b/y/"]);
  });

  it.each([
    [{ foldr: "/x" }, /unknown option foldr, wanted one of folder, cache/],
    [{ folder: "" }, /option folder is "", wanted a path/],
    [{ folder: 3 }, /option folder is 3, wanted a path/],
    [{ cache: true }, /option cache is true, wanted a path/],
    [{ cache: new URL("http://a/") }, /option cache is http:\/\/a\/, wanted a path or a file: URL/],
    [{ seed: 1.5 }, /option seed is 1.5, wanted an integer/],
    [{ seed: -1 }, /option seed is -1/],
    [{ seed: NaN }, /option seed is NaN/],
    [{ mirrors: [] }, /use offline: true to download nothing/],
    [{ mirrors: "http://a/" }, /option mirrors is "http:\/\/a\/", wanted one or more/],
    [{ mirrors: ["ftp://a/"] }, /option mirrors is "ftp:\/\/a\/", wanted http\(s\)/],
    [{ mirrors: ["nonsense"] }, /option mirrors is "nonsense"/],
    [{ offline: "yes" }, /option offline is "yes", wanted true or false/],
    [{ log: "x" }, /option log is "x", wanted a function/],
    [{ onProgress: 1 }, /option onProgress is 1, wanted a function/],
    [{ timeouts: { connect: 0 } }, /option timeouts.connect is 0, wanted milliseconds/],
    [{ timeouts: { stall: Infinity } }, /option timeouts.stall is Infinity/],
  ])("refuses %o", (options, message) => {
    expect(() => toSettings(options as MnistOptions)).toThrow(message);
  });

  it("turns progress into a line when a file starts, and one every two seconds", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const lines: string[] = [];
    const { onProgress } = toSettings({ log: (line) => lines.push(line) });
    const step = (file: string, loaded: number, total = 9e6) =>
      onProgress({ file, loaded, total, mirror: "http://a.b/c/" });
    step("small", 2e4, 2e4);
    step("one", 1e6);
    step("one", 2e6);
    vi.setSystemTime(Date.now() + 2500);
    step("one", 3e6);
    step("two", 9e6);
    vi.useRealTimers();
    expect(lines).toEqual([
      "mnist: downloading one from a.b: 1.0 of 9.0 MB",
      "mnist: downloading one from a.b: 3.0 of 9.0 MB",
      "mnist: downloading two from a.b: 9.0 of 9.0 MB",
    ]);
  });
});
