// A user's programs with the other entries: compiled against the installed package, never run.
import type * as ek from "evenkeel";
import * as fast from "evenkeel/fast";
import * as slim from "evenkeel/slim";
import * as threads from "evenkeel/threads";

export async function start(module: WebAssembly.Module): Promise<ek.Tensor> {
  const count: number = await threads.setThreads(2);
  await threads.setThreads();
  await slim.init(fetch("evenkeel.wasm"));
  await slim.init(new Uint8Array(8));
  await slim.init(module);
  return fast.add(count, slim.scalar(1));
}

// @ts-expect-error a count is a number
void threads.setThreads("2");
// @ts-expect-error there is no address to fetch it from by itself
void slim.init("evenkeel.wasm");
