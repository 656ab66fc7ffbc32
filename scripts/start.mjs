// `npm start`: the set-up, then the tutorial. Words after `--` go to the tutorial.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { main, root } from "./lib/run.mjs";
import { setUp } from "./setup.mjs";

await main(async () => {
  await setUp("build");
  const node = join(root, "node_modules", "node", "bin", "node");
  const tutorial = join("packages", "examples", "01-mnist.ts");
  // In this terminal: the progress bar, and Ctrl-C, are the tutorial's.
  const child = spawn(node, [tutorial, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
  process.on("SIGINT", () => {});
  process.exitCode = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
});
