import { ArgumentError } from "../errors.ts";
import { type StoredTensor, writeSafetensors } from "../formats/safetensors.ts";
import type { RandomState } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Sequential } from "./sequential.ts";
import { type LayerStates, layerStates } from "./state.ts";

/**
 * A model as one safetensors file. Weights have their names (`conv2d/kernel`, `batch_normalization/moving_mean`),
 * the optimizer's slots theirs (`adam/conv2d/kernel/m`). In the metadata, as JSON: `model` (Keras 3's config, with how
 * it was compiled) and `state` (steps, running statistics' weights and counts, random streams): with these a run goes
 * on with the bits it would have had.
 */
export interface CheckpointState {
  /** Of the optimizer. */
  iterations?: number;
  /** Gradients that wait for the optimizer's next step; absent where there are none. */
  accumulatedSteps?: number | undefined;
  /** Of the shuffles; absent before the first. */
  shuffles?: RandomState;
  /** By layer name: what layers keep beside their weights. */
  layers: LayerStates;
}

/** In the metadata, to know our own files by. */
export const format = "evenkeel";
export const version = "1";
/** The tensor that virtual batch normalization refers to. */
export const referenceName = "reference_batch";

export function writeCheckpoint(model: Sequential): Uint8Array<ArrayBuffer> {
  if (!model.built) throw new ArgumentError(`save: ${model.name} has no weights yet; call build([null, ...]) first`);
  const tensors = new Map<string, StoredTensor>();
  const put = (name: string, tensor: Tensor): void => {
    if (tensors.has(name)) throw new ArgumentError(`save: two tensors are called ${name}; rename a layer`);
    tensors.set(name, { shape: tensor.shape, values: tensor.dataSync() });
  };
  for (const weight of model.weights) put(weight.name, weight);
  const { batch } = model.reference;
  if (batch !== undefined) put(referenceName, batch);
  const optimizer = model.optimizer?.getState();
  for (const [name, slot] of Object.entries(optimizer?.slots ?? {})) put(name, slot);
  const state: CheckpointState = {
    iterations: optimizer?.iterations,
    accumulatedSteps: optimizer?.accumulatedSteps,
    shuffles: model.shuffles.state,
    layers: layerStates(model),
  };
  const metadata = { format, version, model: JSON.stringify(model), state: JSON.stringify(state) };
  return writeSafetensors({ tensors, metadata });
}
