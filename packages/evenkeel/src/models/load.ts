import { checkKeys, DataError, EvenkeelError, shapeText, valueText } from "../errors.ts";
import { readSafetensors, type StoredTensor } from "../formats/safetensors.ts";
import { createTensor } from "../tensor/create.ts";
import { defaultStream } from "../tensor/random.ts";
import { tidy } from "../tensor/scope.ts";
import { sameShape } from "../tensor/shape.ts";
import { type CheckpointState, format, referenceName, version } from "./checkpoint.ts";
import { isFileHandle, placeOf, readPath } from "./files.ts";
import { fromConfig, type FromConfigOptions } from "./from-config.ts";
import type { SaveTarget } from "./save.ts";
import type { Sequential } from "./sequential.ts";
import { setLayerStates } from "./state.ts";

/** As SaveTarget; also the bytes themselves, or an `https:` URL. */
export type LoadSource = SaveTarget | Uint8Array | ArrayBuffer;

/**
 * The model that `model.save` wrote, compiled when it was: from a path, a URL (`file:`, or `http:` and `https:` through
 * fetch), bytes, or a file handle. `compile: false` leaves the optimizer out; `custom` has your own losses, metrics,
 * regularizers and constraints by name.
 *
 * Errors: DataError for a file that is truncated, broken or no model; EvenkeelError when it cannot be read.
 */
export async function loadModel(source: LoadSource, options: FromConfigOptions = {}): Promise<Sequential> {
  if (source instanceof Uint8Array) return readCheckpoint(source, "the bytes", options);
  if (source instanceof ArrayBuffer) return readCheckpoint(new Uint8Array(source), "the bytes", options);
  if (isFileHandle(source)) {
    const file = await source.getFile();
    return readCheckpoint(new Uint8Array(await file.arrayBuffer()), source.name, options);
  }
  const place = placeOf("loadModel", source);
  const bytes = place instanceof URL ? await download(place) : readPath(place);
  return readCheckpoint(bytes, String(place), options);
}

async function download(url: URL): Promise<Uint8Array> {
  const op = `loadModel: ${url.href}`;
  const response = await fetch(url).catch((cause: unknown) => {
    throw new EvenkeelError(`${op}: nobody answered (${String(cause)}); check the address and the network`, { cause });
  });
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new EvenkeelError(`${op} answered ${response.status}; check the address`);
}

/** The model of a checkpoint. `name` is the file's, for errors. Nothing random is drawn from the default stream. */
function readCheckpoint(bytes: Uint8Array, name: string, options: FromConfigOptions = {}): Sequential {
  checkKeys("loadModel", options, ["compile", "custom"]);
  const { tensors, metadata } = readSafetensors(bytes, `loadModel: ${name}`);
  if (metadata.format !== format || metadata.model === undefined || metadata.state === undefined) {
    throw new DataError(`loadModel: ${name}: a safetensors file without a model; load one written by model.save()`);
  }
  if (metadata.version !== version) {
    throw new DataError(`loadModel: ${name}: version ${valueText(metadata.version)}; this evenkeel reads ${version}`);
  }
  const random = defaultStream().state;
  let model: Sequential | undefined;
  try {
    model = fromConfig(metadata.model, options);
    fill(model, tensors, readState(metadata.state, name), `loadModel: ${name}`);
    return model;
  } catch (error) {
    model?.dispose();
    throw error;
  } finally {
    defaultStream().state = random;
  }
}

function readState(json: string, name: string): CheckpointState {
  try {
    const state = JSON.parse(json) as CheckpointState;
    if (typeof state.layers === "object" && state.layers !== null) return state;
  } catch {
    // Reported below.
  }
  throw new DataError(`loadModel: ${name}: the state in its metadata is broken; save the model anew`);
}

function fill(model: Sequential, tensors: ReadonlyMap<string, StoredTensor>, state: CheckpointState, op: string): void {
  const { weights, optimizer } = model;
  const left = new Map(tensors);
  tidy(() => {
    for (const weight of weights) {
      const stored = left.get(weight.name);
      if (stored === undefined) throw new DataError(`${op}: ${weight.name} is missing; save the model anew`);
      if (!sameShape(stored.shape, weight.shape)) {
        const shapes = `${shapeText(stored.shape)}; the model's config makes it ${shapeText(weight.shape)}`;
        throw new DataError(`${op}: ${weight.name} is ${shapes}`);
      }
      weight.assign(createTensor(op, stored.values, stored.shape));
      left.delete(weight.name);
    }
    const reference = left.get(referenceName);
    if (reference !== undefined) model.reference.set(createTensor(op, reference.values, reference.shape));
    left.delete(referenceName);
    setLayerStates(model, state.layers);
    model.shuffles.state = state.shuffles;
    if (optimizer === undefined) return;
    const slots = [...left].map(([name, { values, shape }]) => [name, createTensor(op, values, shape)] as const);
    const { iterations = 0, accumulatedSteps } = state;
    optimizer.setState({ iterations, accumulatedSteps, slots: Object.fromEntries(slots) });
  });
}
