import { readFileSync } from "node:fs";
import * as ek from "evenkeel/slim";
import { expect, it } from "vitest";

const file = readFileSync(new URL("generated/evenkeel.wasm", import.meta.url));
const bytes = new Uint8Array(file);
/** A module that is right, and nothing of ours: (module). */
const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

// In this order: what is given once stays.
it("says that init comes first", () => {
  expect(() => ek.scalar(1)).toThrow(ek.EvenkeelError);
  expect(() => ek.add(1, 1)).toThrow("evenkeel/slim: there is no WASM module yet; call await ek.init(source)");
});

it.for([
  ["a name", "evenkeel.wasm", '"evenkeel.wasm"; use await fetch(url), bytes or a WebAssembly.Module'],
  ["nothing", undefined, "undefined; use"],
  ["bytes of something else", new Uint8Array(100), "these bytes are no WASM module"],
  ["half of the module", bytes.slice(0, bytes.length / 2), "these bytes are no WASM module"],
  ["another module", empty, "a module of something else"],
  ["another module, compiled", new WebAssembly.Module(empty), "a module of something else"],
] as const)("refuses %s", async ([, source, message]) => {
  const failure = await ek.init(source as Uint8Array<ArrayBuffer>).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ek.ArgumentError);
  expect(String(failure)).toContain(`init: ${message}`);
});

it("refuses a response that is not ok", async () => {
  const response = Promise.resolve(new Response("gone", { status: 404 }));
  await expect(ek.init(response)).rejects.toThrow("status 404");
});

it("takes a response of any type, and a second call changes nothing", async () => {
  await ek.init(new Response(bytes, { headers: { "content-type": "text/plain" } }));
  expect(ek.add(1, 2).arraySync()).toBe(3);
  await ek.init(bytes.buffer);
  await ek.init(new WebAssembly.Module(bytes));
  expect(ek.add(2, 2).arraySync()).toBe(4);
});
