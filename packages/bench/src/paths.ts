import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
export const peers = fileURLToPath(new URL("peers", import.meta.url));
export const cache = join(root, ".cache", "bench");
export const peerFolder = join(cache, "peers");
export const results = fileURLToPath(new URL("../results", import.meta.url));
