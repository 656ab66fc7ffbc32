using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (services = [(name = "main", worker = .worker)]);

# What a bundler for Workers uploads: the code as one module, each .wasm file as a compiled one.
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../worker/workerd.js"),
    (name = "evenkeel.wasm", wasm = embed "../../worker/evenkeel.wasm"),
  ],
  compatibilityDate = "2026-01-01",
);
