import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, createApp, quietEnvironment } from "./app.ts";
import { pinned, run } from "./process.ts";

const folder = fileURLToPath(new URL("../../packages/examples", import.meta.url));
// The first one has tests of its own, and wants data sets.
const examples = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name) && !name.startsWith("01-"));

let app: App;
beforeAll(async () => {
  app = await createApp();
  for (const name of examples) cpSync(join(folder, name), join(app.folder, name));
});
afterAll(() => app?.remove());

/** What an example says, in the comment at its end, that it prints. */
function promised(name: string): string {
  return /\n\/\* Prints:\n(.*)\*\/\n$/s.exec(readFileSync(join(folder, name), "utf8"))?.[1] ?? "no comment at its end";
}

it.for(examples)("%s prints what it says in Node, Deno and Bun", async (name) => {
  const hosts = { node: [], deno: ["run", "--no-prompt"], bun: ["run"] };
  for (const [host, args] of Object.entries(hosts)) {
    const options = { cwd: app.folder, env: quietEnvironment(app.folder) };
    const output = await run(pinned(host), [...args, name], options);
    expect(`${host}\n${output}`).toBe(`${host}\n${promised(name)}`);
  }
});

it("the examples are numbered without gaps, and 10 to 40 lines long but for what they print", () => {
  expect(examples.map((name) => Number(name.slice(0, 2)))).toEqual(examples.map((_, i) => i + 2));
  for (const name of examples) {
    const lines = readFileSync(join(folder, name), "utf8").split("\n\n/* Prints:")[0]!.split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(10);
    expect(lines.length).toBeLessThanOrEqual(40);
  }
});
