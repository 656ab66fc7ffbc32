import { ArgumentError, EvenkeelError, valueText } from "../errors.ts";

/** Where `init` takes the module from: what `fetch` resolves to, bytes, or a compiled module. */
export type ModuleSource = Response | ArrayBuffer | ArrayBufferView<ArrayBuffer> | (WebAssembly.Module & object);

const fix = 'use await fetch(url), bytes or a WebAssembly.Module of "evenkeel/evenkeel.wasm"';

let module: WebAssembly.Module | undefined;

/**
 * Compiles the WASM module that the other entries carry inside: the file "evenkeel/evenkeel.wasm" of the same version.
 * To be awaited before anything is computed; a second call changes nothing.
 *
 * Errors: ArgumentError when `source` is no module of evenkeel; EvenkeelError when the response is not ok.
 */
export async function init(source: ModuleSource | PromiseLike<ModuleSource>): Promise<void> {
  const compiled = await compile(await source);
  const names = new Set(WebAssembly.Module.exports(compiled).map(({ name }) => name));
  if (!names.has("alloc") || !names.has("matmul")) throw new ArgumentError(`init: a module of something else; ${fix}`);
  module ??= compiled;
}

/** The module that `init` was given. */
export function given(): WebAssembly.Module {
  if (module !== undefined) return module;
  throw new EvenkeelError(
    "evenkeel/slim: there is no WASM module yet; call await ek.init(source) before anything else",
  );
}

async function compile(source: ModuleSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof Response && !source.ok) {
    throw new EvenkeelError(`init: ${source.url}: status ${source.status}; check the address`);
  }
  const bytes = source instanceof Response ? await source.arrayBuffer() : source;
  if (!(bytes instanceof ArrayBuffer) && !ArrayBuffer.isView(bytes)) {
    throw new ArgumentError(`init: ${valueText(source)}; ${fix}`);
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new ArgumentError(`init: these bytes are no WASM module that runs here (${String(cause)}); ${fix}`, {
      cause,
    });
  }
}
