import { parseArgs } from "node:util";

export interface Options {
  /** One or two minutes: no Python, few rounds, and nothing that takes long. */
  readonly quick: boolean;
  readonly python: boolean;
  /** Rows whose name contains this. */
  readonly only: string;
  readonly rounds: number;
  readonly page: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export const help = `Compares evenkeel with its peers: npm run bench -- [OPTIONS]

  --quick       one or two minutes: JavaScript peers only, few rounds, nothing that takes long
  --only TEXT   only the rows whose name contains TEXT
  --rounds N    how often the contestants take turns (default: 9; with --quick: 3)
  --no-python   without PyTorch and Keras
  --page        serves a page that runs the comparison in the browser
  --list        prints the names of the rows
  --help        this text

Results are printed; those of a whole comparison are written to packages/bench/results too. A Python that has torch,
keras and tensorflow may be named in EVENKEEL_PYTHON; else they are installed into an environment of their own at the
first use.`;

/** Errors: Error that names the option and what is wanted. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      rounds: { type: "string" },
      python: { type: "boolean", default: true },
      page: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 9));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds ${values.rounds}: give a whole number of at least 1`);
  }
  return { ...values, rounds, python: values.python && !values.quick };
}
