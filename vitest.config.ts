import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// Tests import the packages by name and get their sources; only `runtime` takes the packed tarball.
const alias = [
  { find: "@evenkeel/datasets", replacement: here("packages/datasets/src/index.ts") },
  { find: /^evenkeel$/, replacement: here("packages/evenkeel/src/index.ts") },
  { find: /^evenkeel\/(\w+)$/, replacement: here("packages/evenkeel/src/$1.ts") },
];
const shared = { globalSetup: here("test/global-setup.ts") };

export default defineConfig({
  test: {
    projects: [
      { resolve: { alias }, test: { ...shared, name: "unit", include: ["packages/*/src/**/*.test.ts"] } },
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
