import type { Measurements } from "./measure.ts";
import { factor, mean, text } from "./numbers.ts";
import type { Diagnosis, LayerDiagnosis } from "./report.ts";
import { stuckShare } from "./rules.ts";

const head = ["Layer (type)", "Mean gap", "Variance", "Shift", "Stuck", "Gradient"];

/**
 * A row for each layer, then the findings. The columns: the largest gap of a mean, the worst ratio of variances, the
 * mean shift by dropout, the share of dead or saturated units, rms(∂L/∂w)/rms(w).
 */
export function table({ model, samples }: Measurements, { layers, findings }: Diagnosis): string[] {
  const rows = [head, ...layers.map(cells)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
  );
  const rule = "─".repeat(lines[0]!.length);
  return [
    `Diagnosis of "${model}" on ${samples} samples`,
    rule,
    lines[0]!,
    rule,
    ...lines.slice(1),
    rule,
    ...findings.flatMap(({ layer, problem, severity, message, fix }) => [
      `${severity}: ${problem} in ${layer}: ${message}`,
      `    fix: ${fix}`,
    ]),
    findings.length === 0 ? "Nothing found" : `${findings.length} found`,
  ];
}

function cells(layer: LayerDiagnosis): string[] {
  const { name, className, norm, active, gradientRatio } = layer;
  const worst = norm?.varianceRatio.toSorted((a, b) => factor(b) - factor(a))[0];
  return [
    `${name} (${className})`,
    norm === undefined ? "" : text(Math.max(...norm.meanGap)),
    worst === undefined ? "" : text(worst),
    norm === undefined ? "" : text(mean(norm.varianceShift)),
    active === undefined ? "" : `${text(100 * stuckShare(layer))} %`,
    gradientRatio === undefined ? "" : text(gradientRatio),
  ];
}
