import { join } from "node:path";
import { build, preview } from "vite";
import { cache, peerFolder } from "../paths.ts";

/** Builds the page and serves it to this machine; returns its address. */
export async function servePage(): Promise<string> {
  const shared = {
    root: import.meta.dirname,
    configFile: false,
    logLevel: "warn",
    build: { outDir: join(cache, "page"), emptyOutDir: true },
  } as const;
  await build({
    ...shared,
    // The peers are outside of the workspace.
    resolve: { alias: { "@tensorflow": join(peerFolder, "node_modules", "@tensorflow") } },
    worker: { format: "es" },
  });
  // Isolated pages have the finer clock.
  const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const server = await preview({ ...shared, preview: { headers } });
  return server.resolvedUrls!.local[0]!;
}
