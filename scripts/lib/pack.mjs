// packages/evenkeel -> dist/evenkeel.tgz: what npm would publish. The runtimes and the package checks use it, not the
// sources.
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.mjs";

export const tarball = join(root, "dist", "evenkeel.tgz");

export async function pack() {
  const folder = join(root, "dist");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { output } = await run(["npm", "pack", "--json", "--pack-destination", folder], {
    cwd: join(root, "packages", "evenkeel"),
  });
  const name = /"filename": "([^"]+)"/.exec(output)?.[1] ?? "";
  renameSync(join(folder, name), tarball);
}
