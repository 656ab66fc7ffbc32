import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { sha256 } from "./cache.ts";
import { PIXELS } from "./digits.ts";
import type { OfficialFile, OfficialPair, Part } from "./official.ts";

/** What only the tests of this folder use: folders, idx files, a small set with official-like names, and a server. */

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "evenkeel-datasets-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function idxBytes(shape: number[], data: ArrayLike<number>, type = 8): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, type, shape.length]);
  shape.forEach((length, axis) => new DataView(bytes.buffer).setUint32(4 + 4 * axis, length));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** Pixels that don't compress well, so that the gzipped file comes in several chunks; each image differs. */
export function noise(length: number, seed: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length }, () => (state = Math.imul(state, 1664525) + 1013904223) >>> 24);
}

export interface SmallSet {
  files: Record<Part, OfficialPair>;
  /** By name, gzipped. */
  bytes: Map<string, Uint8Array>;
  images: Record<Part, Uint8Array>;
}

/** A set like the official one, with so many images. */
export function smallSet(counts: Record<Part, number> = { train: 400, test: 100 }): SmallSet {
  const bytes = new Map<string, Uint8Array>();
  const add = (name: string, plain: Uint8Array): OfficialFile => {
    const packed = gzipSync(plain);
    bytes.set(name, packed);
    return { name, bytes: packed.length, sha256: sha256(packed) };
  };
  const images = { train: noise(counts.train * PIXELS, 1), test: noise(counts.test * PIXELS, 2) };
  const pair = (prefix: string, part: Part): OfficialPair => {
    const labels = Array.from({ length: counts[part] }, (_, i) => i % 10);
    return {
      images: add(`${prefix}-images-idx3-ubyte.gz`, idxBytes([counts[part], 28, 28], images[part])),
      labels: add(`${prefix}-labels-idx1-ubyte.gz`, idxBytes([counts[part]], labels)),
    };
  };
  return { files: { train: pair("train", "train"), test: pair("t10k", "test") }, bytes, images };
}

export type Handler = (request: IncomingMessage, response: ServerResponse, name: string) => unknown;

export interface TestServer {
  url: string;
  /** "name" or "name bytes=5-", in the order they came. */
  requests: string[];
}

/** A server on loopback, closed with all its connections when the test ends. */
export async function serve(handler: Handler): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? "").split("/").pop()!;
    requests.push([name, request.headers.range].filter(Boolean).join(" "));
    void handler(request, response, name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/set/`, requests };
}

/** Sends files as a good server does, with Range. */
export function sends(bytes: Map<string, Uint8Array>): Handler {
  return (request, response, name) => {
    const file = bytes.get(name);
    if (!file) return response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from >= file.length) return response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
    const rest = file.subarray(from);
    const length = { "content-length": rest.length };
    if (request.headers.range === undefined) return response.writeHead(200, length).end(rest);
    const range = `bytes ${from}-${file.length - 1}/${file.length}`;
    return response.writeHead(206, { ...length, "content-range": range }).end(rest);
  };
}

/** Sends the first `count` bytes of a file as the body of a whole answer, then breaks the connection or goes silent. */
export function sendsStart(file: Uint8Array, count: number, then: "break" | "stall"): Handler {
  return (_, response) => {
    response.writeHead(200, { "content-length": file.length });
    response.write(file.subarray(0, count), () => {
      // A little later, so that what was sent has arrived.
      if (then === "break") setTimeout(() => response.destroy(), 50);
    });
  };
}
