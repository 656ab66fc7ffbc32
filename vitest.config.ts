import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// Tests import the packages by name and get their sources; only `runtime` takes the packed tarball.
const aliasOf = (entry: string) => [
  { find: "@evenkeel/datasets", replacement: here("packages/datasets/src/index.ts") },
  { find: /^evenkeel$/, replacement: here(`packages/evenkeel/src/${entry}.ts`) },
  { find: /^evenkeel\/(\w+)$/, replacement: here("packages/evenkeel/src/$1.ts") },
];
const alias = aliasOf("index");
const shared = { globalSetup: here("test/global-setup.ts") };

/** The numerical tests once more, with another build of the kernels. */
const numerics = (
  name: string,
  entry: string,
  settings: { setupFiles?: string; env?: Record<string, string> } = {},
) => ({
  resolve: { alias: aliasOf(entry) },
  test: {
    ...shared,
    ...settings,
    name,
    include: ["test/{golden,grad,property}/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
  },
});
const threads = (count: number) =>
  numerics(`threads-${count}`, "threads", {
    setupFiles: here("test/set-threads.ts"),
    env: { EVENKEEL_THREADS: `${count}` },
  });

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: { ...shared, name: "unit", include: ["packages/*/src/**/*.test.ts"], testTimeout: 60_000 },
      },
      {
        resolve: { alias },
        test: {
          ...shared,
          name: "cross",
          include: ["test/**/*.test.ts"],
          exclude: ["test/runtime/**", "test/browser/**"],
          testTimeout: 60_000,
        },
      },
      numerics("fast", "fast"),
      threads(2),
      threads(3),
      {
        test: {
          ...shared,
          name: "runtime",
          include: ["test/{runtime,browser}/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
