import type { SamplesLike } from "../../data/samples.ts";
import { ArgumentError, checkInteger, checkKeys, valueText } from "../../errors.ts";
import type { Sequential } from "../sequential.ts";
import { measure } from "./measure.ts";
import type { Diagnosis } from "./report.ts";

export interface DiagnoseOptions {
  /** Targets as `fit` takes them, for a compiled model: gradients are then those of its loss. */
  y?: SamplesLike;
  /** Samples that go through the model together; take that of `fit`, to see what it sees. Default: 128. */
  batchSize?: number;
  /** False prints nothing; a function gets each line. Default: true, to console.log. */
  print?: boolean | ((line: string) => void);
}

const op = "diagnose";

/**
 * Looks for what goes wrong in training without an error, and says what to do. Per channel of a batch normalization:
 * |mean_batch − mean_running|/√(variance_batch + ε) and (variance_batch + ε)/(variance_running + ε), the gap between
 * training and inference; (variance_dropout + ε)/(variance_batch + ε), the variance shift (Li et al. 2018); γ. Per
 * layer: rms(∂L/∂w)/rms(w), and for each unit the share of values where its activation has a slope.
 *
 * `x`: samples as `predict` takes them, some hundred or more, in random order as for training. L is the loss where
 * targets came as `y`; else Σ c·output with random c, always the same, for which only ratios between layers count.
 * Prints a table of the layers and the findings, and returns both as data. The rules with their limits: rules.ts.
 *
 * Nothing in the model changes, but one that is not built is built. The rules are in a file of their own, which is
 * loaded by the first call.
 *
 * Errors (the promise rejects): those of `predict` for `x`, and with `y` those of `fit`.
 */
export async function diagnose(model: Sequential, x: SamplesLike, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  checkKeys(op, options, ["y", "batchSize", "print"]);
  const { y, batchSize = 128, print = true } = options;
  if (typeof print !== "boolean" && typeof print !== "function") {
    throw new ArgumentError(`${op}: print is ${valueText(print)}; use true, false or (line) => ...`);
  }
  const measured = await measure(op, model, x, y, checkInteger(op, "batchSize", batchSize, 1));
  const { report } = await import("./report.ts");
  return report(measured, print);
}
