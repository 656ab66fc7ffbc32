/**
 * A module that Node, Deno and Bun are built with; undefined elsewhere. Through the process object: a static import
 * would break bundles for browsers and Workers.
 */
export function builtin<Module>(name: string): Module | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(`node:${name}`) as Module | undefined;
}
