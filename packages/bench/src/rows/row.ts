import type { ArraySpecs } from "../arrays.ts";
import type { ContestantId } from "../contestants.ts";

/** What is wanted of a row's result. */
export interface Target {
  /** Whose time. */
  readonly of: ContestantId;
  /** The best of these is what it is compared with; none for an absolute target. */
  readonly against: readonly ContestantId[];
  /**
   * share: time as a share of theirs, at most. times: how many times as fast, at least. percent: of what the machine
   * can do, at least. beyond: ms more, at most. ms: at most. kilobytes: at most.
   */
  readonly kind: "share" | "times" | "percent" | "beyond" | "ms" | "kilobytes";
  readonly limit: number;
}

/** One line of the comparison. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** The function of peers/ that is timed; "start" and "size" are measured from outside. */
  readonly job: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly arrays: ArraySpecs;
  /** The first is the one whose share of the others' times is told. */
  readonly contestants: readonly ContestantId[];
  readonly targets: readonly Target[];
  /**
   * The work, where it is compared with what the machine can do: floating-point operations, or bytes read and written,
   * `within` so much memory (default: all of them, each byte once).
   */
  readonly machine?: { readonly flops: number } | { readonly bytes: number; readonly within?: number };
  /** How far outputs may differ, relative to the largest. */
  readonly tolerance: number;
  /** Contestants that take too long for --quick, or all of them. */
  readonly slow?: readonly ContestantId[] | "all";
}

type Ids = ContestantId | readonly ContestantId[];

const target =
  (kind: Target["kind"]) =>
  (limit: number, against: Ids, of: ContestantId = "evenkeel"): Target => ({
    of,
    against: [against].flat(),
    kind,
    limit,
  });

export const share = target("share");
export const times = target("times");
export const percent = (limit: number): Target => target("percent")(limit, "machine");
export const beyond = target("beyond");
export const ms = (limit: number): Target => target("ms")(limit, []);
export const kilobytes = (limit: number): Target => target("kilobytes")(limit, []);

export const javascript = ["tfjs-wasm", "tfjs-cpu", "jax"] as const;
export const onnx = ["ort-web", "ort-node"] as const;
export const python = ["keras", "torch-last", "torch-first"] as const;
/** Where images have no part, PyTorch's layouts are one. */
export const pythonFlat = ["keras", "torch-last"] as const;
