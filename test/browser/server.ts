import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** Serves one folder on loopback to one page, and takes what that page reports. */
export interface PageServer {
  readonly origin: string;
  /** What the page handed to `report`, as parsed JSON. */
  readonly result: Promise<unknown>;
  /** The paths of the files that were asked for, in order. */
  readonly requests: readonly string[];
  close(): void;
}

export async function servePage(folder: string, headers: Record<string, string> = {}): Promise<PageServer> {
  const requests: string[] = [];
  let settle: (result: unknown) => void;
  const result = new Promise<unknown>((resolve) => (settle = resolve));

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (request.method === "POST" && pathname === "/result") {
      void readBody(request).then((body) => {
        response.end();
        settle(JSON.parse(body));
      });
      return;
    }
    requests.push(pathname);
    const path = normalize(pathname);
    readFile(join(folder, path)).then(
      (bytes) =>
        response.writeHead(200, { "content-type": types[extname(path)] ?? "text/plain", ...headers }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://127.0.0.1:${port}`, result, requests, close };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}
