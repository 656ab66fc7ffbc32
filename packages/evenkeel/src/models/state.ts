import { DataError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { createTensor } from "../tensor/create.ts";
import { tidy } from "../tensor/scope.ts";
import type { DataArray } from "../tensor/tensor.ts";
import type { Sequential } from "./sequential.ts";

/** What layers keep beside their weights (running statistics' counts, random streams), by layer name. */
export type LayerStates = Record<string, object>;

/** All that training changes in a model, copied. */
export interface ModelState {
  readonly weights: readonly DataArray[];
  readonly layers: LayerStates;
}

export function readState(model: Sequential): ModelState {
  return { weights: model.weights.map((weight) => weight.dataSync()), layers: layerStates(model) };
}

export function writeState(model: Sequential, { weights, layers }: ModelState): void {
  tidy(() => {
    model.weights.forEach((weight, i) =>
      weight.assign(createTensor("weights", weights[i]!, weight.shape, weight.dtype)),
    );
  });
  setLayerStates(model, layers);
}

export function layerStates(model: Sequential): LayerStates {
  const states: LayerStates = {};
  for (const { name, extraState } of model.layers) {
    if (extraState !== undefined) states[name] = extraState.getState();
  }
  return states;
}

/** Errors: DataError when a layer that keeps a state has none here. */
export function setLayerStates(model: Sequential, states: LayerStates): void {
  for (const { name, extraState } of model.layers) {
    if (extraState === undefined) continue;
    const state = states[name];
    if (state === undefined) throw new DataError(`state: nothing for the layer ${name}; save the model anew`);
    extraState.setState(state);
  }
}

/** Remembers what a step changes in the layers before the optimizer runs; the function that comes back undoes it. */
export function rollback(layers: readonly Layer[]): () => void {
  const snapshots = layers.map(({ extraState }) => extraState?.snapshot());
  return () => layers.forEach(({ extraState }, i) => extraState?.restore(snapshots[i]));
}

/** Whether a layer could not train on a batch of one sample. */
export function needsTwoSamples(model: Sequential): boolean {
  return model.layers.some((layer, i) => layer.smallestBatch(model.shapes[i]!) > 1);
}
