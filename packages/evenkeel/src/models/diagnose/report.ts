import type { Measured, MeasuredNorm, Measurements } from "./measure.ts";
import { rules } from "./rules.ts";
import { table } from "./table.ts";

/**
 * What `diagnose` makes of its measurements. This file, rules.ts and table.ts are built into a file of their own, which
 * is loaded when it is called: they import nothing but types from elsewhere.
 */
export interface Diagnosis {
  readonly layers: readonly LayerDiagnosis[];
  /** The worst first. */
  readonly findings: readonly Finding[];
}

/** What was measured of a layer. */
export interface LayerDiagnosis extends Omit<Measured, "norm"> {
  /** rms(∂L/∂w)/rms(w); undefined without trainable weights, or where all are 0. */
  readonly gradientRatio?: number;
  /** Of a batch normalization. */
  readonly norm?: NormDiagnosis;
}

/** One number a channel. */
export interface NormDiagnosis extends MeasuredNorm {
  /** |mean_batch − mean_running|/√(variance_batch + ε) */
  readonly meanGap: readonly number[];
  /** (variance_batch + ε)/(variance_running + ε) */
  readonly varianceRatio: readonly number[];
  /** (variance with dropout + ε)/(variance_batch + ε) */
  readonly varianceShift: readonly number[];
}

/** "error": predictions or training are wrong; "warning": they may be; "note": work for nothing. */
export type Severity = "error" | "warning" | "note";

export interface Finding {
  readonly layer: string;
  /** The name of the rule: "statistics-gap", "dead-units" and so on. */
  readonly problem: string;
  readonly severity: Severity;
  /** What the rule compared with its limit. */
  readonly value: number;
  readonly message: string;
  readonly fix: string;
}

const severities: readonly Severity[] = ["error", "warning", "note"];

/** The findings of all rules, printed below a table of the layers. */
export function report(measured: Measurements, print: boolean | ((line: string) => void)): Diagnosis {
  const layers = measured.layers.map(describe);
  const { samples, loss } = measured;
  const findings = layers.flatMap((layer, i) =>
    Object.entries(rules).flatMap(([problem, rule]): Finding[] => {
      const found = rule(layer, { layers, i, samples, loss });
      return found === undefined ? [] : [{ layer: layer.name, problem, ...found }];
    }),
  );
  findings.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  const diagnosis = { layers, findings };
  // oxlint-disable-next-line no-console -- what it is for
  const line = typeof print === "function" ? print : (text: string) => console.log(text);
  if (print !== false) for (const text of table(measured, diagnosis)) line(text);
  return diagnosis;
}

function describe({ norm, ...layer }: Measured): LayerDiagnosis {
  const { weightRms, gradientRms } = layer;
  const gradientRatio = weightRms ? gradientRms! / weightRms : undefined;
  return { ...layer, gradientRatio, norm: norm && compare(norm, layer.config.epsilon as number) };
}

function compare(norm: MeasuredNorm, epsilon: number): NormDiagnosis {
  const { batch, training, mean, variance } = norm;
  const ratio = (a: ArrayLike<number>, b: ArrayLike<number>): number[] =>
    Array.from(a, (value, c) => (value === b[c] ? 1 : (value + epsilon) / (b[c]! + epsilon)));
  return {
    ...norm,
    meanGap: Array.from(batch.mean, (value, c) => {
      const gap = Math.abs(value - mean[c]!);
      return gap === 0 ? 0 : gap / Math.sqrt(batch.variance[c]! + epsilon);
    }),
    varianceRatio: ratio(batch.variance, variance),
    varianceShift: ratio(training.variance, batch.variance),
  };
}
