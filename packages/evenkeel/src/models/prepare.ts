import { checkFinite, readSamples, type SamplesLike, toSamples } from "../data/samples.ts";
import type { PartialShape } from "../tensor/shape.ts";
import { ArgumentError, DataError, ShapeError } from "../errors.ts";
import { tidy } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isTypedArray } from "../tensor/values.ts";
import type { Compiled } from "./compile.ts";
import type { Sequential } from "./sequential.ts";

/** Checked data: samples and targets as the loss takes them. `dispose` frees what was made, not the user's tensors. */
export interface Data {
  readonly compiled: Compiled;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly samples: number;
  dispose(): void;
}

/**
 * Everything that can be wrong with the data is found here, before anything changes; then the model is built when it
 * was not. `suffix` names the arguments of validation data.
 */
export function prepare(op: string, model: Sequential, x: SamplesLike, y: SamplesLike, suffix = ""): Data {
  const compiled = requireCompiled(op, model);
  const [inputs, targets] = tidy(() => {
    const inputs = toInputs(op, model, x, `x${suffix}`);
    const samples = inputs.shape[0]!;
    const shapes = model.shapesFor([null, ...inputs.shape.slice(1)]);
    const output = shapes.at(-1)!;
    const rows = toSamples(op, `y${suffix}`, y, targetShape(y, samples, output));
    if (rows.shape[0] !== samples) {
      const counts = `x${suffix} has ${samples} samples and y${suffix} ${rows.shape[0]}`;
      throw new ShapeError(`${op}: ${counts}; make them equal`);
    }
    const targets = compiled.loss.targets(op, rows, output);
    for (const metric of compiled.metrics) metric.targets(`${op}: metric ${metric.key}`, targets, output);
    return [inputs, targets] as const;
  });
  const made = [inputs, targets].filter((tensor) => tensor !== x && tensor !== y);
  const dispose = (): void => {
    for (const tensor of made) tensor.dispose();
  };
  try {
    model.build([null, ...inputs.shape.slice(1)]);
  } catch (error) {
    dispose();
    throw error;
  }
  return { compiled, x: inputs, y: targets, samples: inputs.shape[0]!, dispose };
}

/** The samples of `x` as a tensor that fits the model; call it inside a scope. */
export function toInputs(op: string, model: Sequential, x: SamplesLike, name: string): Tensor {
  const inputs = readSamples(op, name, x, model.inputShape?.slice(1), "float32");
  checkFinite(op, name, inputs, model.layers[0]?.takesMissing);
  model.checkInput(op, inputs.shape);
  return inputs;
}

export function requireCompiled(op: string, model: Sequential): Compiled {
  if (model.compiled !== undefined) return model.compiled;
  const call = `compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] })`;
  throw new ArgumentError(`${op}: ${model.name} is not compiled; call model.${call} first, with the loss you need`);
}

/** A typed array with one value a sample holds those; any other is split into rows of the output's shape. */
function targetShape(y: SamplesLike, samples: number, output: PartialShape): PartialShape {
  return isTypedArray(y) && y.length === samples ? [] : output.slice(1);
}

/** `[x, y]`, as `validationData` is given. */
export function checkPair(op: string, name: string, pair: unknown): [SamplesLike, SamplesLike] {
  if (Array.isArray(pair) && pair.length === 2) return pair as [SamplesLike, SamplesLike];
  throw new DataError(`${op}: ${name} is no pair; pass [x, y]`);
}
