/** What an `import` of a .wasm file is in Cloudflare Workers: the compiled module. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
