import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Cache, sha256 } from "./cache.ts";
import { download, type DownloadOptions, type Progress } from "./download.ts";
import { noise, sends, sendsStart, serve, temporaryFolder } from "./testing.ts";

const content = noise(300_000, 1);
const file = { name: "data.gz", bytes: content.length, sha256: sha256(content) };
const good = sends(new Map([[file.name, content]]));
const wrong = content.map((byte) => byte ^ 1);

async function setUp(mirrors: string[], options: Partial<DownloadOptions> = {}) {
  const folder = await temporaryFolder();
  const lines: string[] = [];
  const progress: Progress[] = [];
  const cache = new Cache(folder, (line) => lines.push(line));
  const run = (more: Partial<DownloadOptions> = {}) =>
    download(file, {
      cache,
      mirrors,
      dead: new Set(),
      timeouts: { connect: 2000, stall: 2000 },
      signal: undefined,
      onProgress: (step) => progress.push(step),
      ...options,
      ...more,
    });
  return { run, folder, lines, progress };
}

const same = (bytes: Uint8Array) => expect(sha256(bytes)).toBe(file.sha256);

describe("download", () => {
  it("fetches, tells its progress, and caches the whole file alone", async () => {
    const { url, requests } = await serve(good);
    const { run, folder, lines, progress } = await setUp([url]);
    same(await run());
    same(await readFile(join(folder, file.name)));
    expect(await readdir(folder)).toEqual([file.name]);
    expect(requests).toEqual([file.name]);
    expect(progress.at(-1)).toEqual({ file: file.name, loaded: content.length, total: content.length, mirror: url });
    expect(progress.map((step) => step.loaded)).toEqual(progress.map((step) => step.loaded).sort((a, b) => a - b));
    expect(lines).toEqual([]);
  });

  it("follows a redirect", async () => {
    const { url } = await serve(good);
    const from = await serve((_, response, name) => response.writeHead(302, { location: url + name }).end());
    same(await (await setUp([from.url])).run());
  });

  it.each([404, 403, 500, 503])("goes to the next mirror after HTTP %i", async (status) => {
    const bad = await serve((_, response) => response.writeHead(status).end("no"));
    const next = await serve(good);
    same(await (await setUp([bad.url, next.url])).run());
    expect(bad.requests).toEqual([file.name]);
  });

  it("discards a wrong checksum and goes to the next mirror", async () => {
    const bad = await serve(sends(new Map([[file.name, wrong]])));
    const next = await serve(good);
    const { run, folder } = await setUp([bad.url, next.url]);
    same(await run());
    expect([bad.requests, next.requests]).toEqual([[file.name], [file.name]]);
    same(await readFile(join(folder, file.name)));
  });

  it("keeps nothing of a wrong file", async () => {
    const bad = await serve(sends(new Map([[file.name, wrong]])));
    const { run, folder } = await setUp([bad.url]);
    await expect(run()).rejects.toThrow(/data\.gz: 127\.0\.0\.1:\d+: wrong SHA-256/);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ["a file of another length", sends(new Map([[file.name, content.subarray(1)]])), /has 299999 bytes, wanted 300000/],
    [
      "a body longer than the file",
      (_: IncomingMessage, response: ServerResponse) => (response.write(content), response.end("more")),
      /more than/,
    ],
    [
      "a re-encoded file",
      (_: IncomingMessage, response: ServerResponse) =>
        response.writeHead(200, { "content-encoding": "br" }).end(content),
      /re-encoded as br/,
    ],
  ] as const)("refuses %s", async (_, handler, message) => {
    const { url } = await serve(handler);
    await expect((await setUp([url])).run()).rejects.toThrow(message);
  });

  it("resumes a broken-off transfer with Range", async () => {
    const start = sendsStart(content, 100_000, "break");
    const { url, requests } = await serve((...args) => (requests.length === 1 ? start : good)(...args));
    same(await (await setUp([url])).run());
    expect(requests).toEqual([file.name, `${file.name} bytes=100000-`]);
  });

  it("resumes a stalled transfer", async () => {
    const start = sendsStart(content, 100_000, "stall");
    const { url, requests } = await serve((...args) => (requests.length === 1 ? start : good)(...args));
    same(await (await setUp([url], { timeouts: { connect: 2000, stall: 200 } })).run());
    expect(requests).toEqual([file.name, `${file.name} bytes=100000-`]);
  });

  it("lets a slow server take longer than the stall time", async () => {
    const { url, requests } = await serve(async (_, response) => {
      response.writeHead(200, { "content-length": content.length });
      for (let at = 0; at < content.length; at += 30_000) {
        response.write(content.subarray(at, at + 30_000));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      response.end();
    });
    same(await (await setUp([url], { timeouts: { connect: 2000, stall: 600 } })).run());
    expect(requests).toEqual([file.name]);
  });

  it("resumes at the next mirror", async () => {
    const first = await serve((_, response, name) =>
      first.requests.length === 1
        ? sendsStart(content, 100_000, "break")(_, response, name)
        : response.writeHead(500).end(),
    );
    const next = await serve(good);
    same(await (await setUp([first.url, next.url])).run());
    expect(next.requests).toEqual([`${file.name} bytes=100000-`]);
  });

  it("resumes what an earlier run left", async () => {
    const broken = await serve(sendsStart(content, 100_000, "break"));
    const { run, folder } = await setUp([broken.url]);
    await expect(run()).rejects.toMatchObject({ name: "DownloadError", progressed: true });
    expect((await readFile(join(folder, `${file.name}.part`))).length).toBe(100_000);
    await expect(run()).rejects.toMatchObject({ progressed: false });
    const { url, requests } = await serve(good);
    same(await run({ mirrors: [url] }));
    expect(requests[0]).toBe(`${file.name} bytes=100000-`);
    expect(await readdir(folder)).toEqual([file.name]);
  });

  it("begins again where a server ignores Range", async () => {
    const start = sendsStart(content, 100_000, "break");
    const { url, requests } = await serve((_, response, name) =>
      requests.length === 1 ? start(_, response, name) : response.writeHead(200).end(content),
    );
    same(await (await setUp([url])).run());
    expect(requests.length).toBe(2);
  });

  it.each([
    ["416", (_: IncomingMessage, response: ServerResponse) => response.writeHead(416).end()],
    [
      "another range",
      (_: IncomingMessage, response: ServerResponse) =>
        response.writeHead(206, { "content-range": "bytes 5-299999/300000" }).end("x"),
    ],
    ["no range", (_: IncomingMessage, response: ServerResponse) => response.writeHead(206).end("x")],
  ] as const)("begins again when the answer to Range is %s", async (_, handler) => {
    const { url, requests } = await serve((request, response, name) =>
      request.headers.range ? handler(request, response) : good(request, response, name),
    );
    const { run, folder } = await setUp([url]);
    await writeFile(join(folder, `${file.name}.part`), content.subarray(0, 5000));
    same(await run());
    expect(requests).toEqual([`${file.name} bytes=5000-`, file.name]);
  });

  it("begins again when an earlier run left wrong bytes", async () => {
    const { url, requests } = await serve(good);
    const { run, folder } = await setUp([url]);
    await writeFile(join(folder, `${file.name}.part`), wrong.subarray(0, 5000));
    same(await run());
    expect(requests).toEqual([`${file.name} bytes=5000-`, file.name]);
  });

  it("needs no network for a part that is already whole, and drops one that is too long", async () => {
    const { url, requests } = await serve(good);
    const { run, folder } = await setUp([url]);
    await writeFile(join(folder, `${file.name}.part`), content);
    same(await run());
    expect(requests).toEqual([]);
    await writeFile(join(folder, `${file.name}.part`), new Uint8Array(content.length + 1));
    same(await run());
    expect(requests).toEqual([file.name]);
  });

  it("gives up on a silent mirror in its share of the time, and doesn't ask it again", async () => {
    const silent = await serve(() => {});
    const next = await serve(good);
    const dead = new Set<string>();
    const { run } = await setUp([silent.url, next.url], { dead, timeouts: { connect: 600, stall: 2000 } });
    const start = performance.now();
    same(await run());
    expect(performance.now() - start).toBeGreaterThan(290);
    expect(dead).toEqual(new Set([silent.url]));
    same(await run());
    expect(silent.requests.length).toBe(1);
  });

  it("names each mirror and its reason when none has the file", async () => {
    const closed = await serve((request) => request.socket.destroy());
    const missing = await serve((_, response) => response.writeHead(404).end());
    const { run, folder } = await setUp([closed.url, missing.url]);
    const host = (url: string) => new URL(url).host;
    const error = await run().catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: "DownloadError", progressed: false });
    expect((error as Error).message).toMatch(
      new RegExp(`^data.gz: ${host(closed.url)}: .+; ${host(missing.url)}: HTTP 404$`),
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("gives up after a few attempts that each bring a little", async () => {
    const { url, requests } = await serve((request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? "0")![0]);
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      response.writeHead(from ? 206 : 200, { "content-length": content.length - from, "content-range": range });
      response.write(content.subarray(from, from + 10), () => setTimeout(() => response.destroy(), 50));
    });
    await expect((await setUp([url])).run()).rejects.toMatchObject({ progressed: true });
    expect(requests.length).toBe(5);
  });

  it("stops with the signal's reason, and resumes later", async () => {
    const stalled = await serve(sendsStart(content, 100_000, "stall"));
    const controller = new AbortController();
    const { run, folder } = await setUp([stalled.url]);
    const stop = new Error("enough");
    const onProgress = ({ loaded }: Progress) => loaded === 100_000 && setTimeout(() => controller.abort(stop), 20);
    const start = performance.now();
    await expect(run({ signal: controller.signal, onProgress })).rejects.toBe(stop);
    expect(performance.now() - start).toBeLessThan(1500);
    expect((await readFile(join(folder, `${file.name}.part`))).length).toBe(100_000);
    const { url, requests } = await serve(good);
    await expect(run({ mirrors: [url], signal: controller.signal })).rejects.toBe(stop);
    expect(requests).toEqual([]);
    same(await run({ mirrors: [url] }));
    expect(requests).toEqual([`${file.name} bytes=100000-`]);
  });

  it("stops while it waits for an answer", async () => {
    const silent = await serve(() => {});
    const signal = AbortSignal.timeout(100);
    const start = performance.now();
    await expect((await setUp([silent.url])).run({ signal })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(performance.now() - start).toBeLessThan(1500);
  });

  it("passes on what onProgress throws", async () => {
    const { url, requests } = await serve(good);
    const mistake = new TypeError("in the caller's code");
    const onProgress = () => {
      throw mistake;
    };
    await expect((await setUp([url, url])).run({ onProgress })).rejects.toBe(mistake);
    expect(requests.length).toBe(1);
  });

  it("may run many times at once on one folder", async () => {
    const { url } = await serve(good);
    const { run, folder } = await setUp([url]);
    await writeFile(join(folder, `${file.name}.part`), content.subarray(0, 5000));
    for (const bytes of await Promise.all([run(), run(), run(), run()])) same(bytes);
    same(await readFile(join(folder, file.name)));
    expect(await readdir(folder)).toEqual([file.name]);
  });

  it.runIf(process.platform === "linux")("goes on in memory when the disk is full", async () => {
    const { url } = await serve(good);
    const { run, folder, lines } = await setUp([url]);
    await symlink("/dev/full", join(folder, `${file.name}.part`));
    same(await run());
    expect(lines).toEqual([expect.stringMatching(/cannot write to the cache .* \(ENOSPC.*going on in memory/)]);
    expect(await readdir(folder)).toEqual([]);
  });
});
