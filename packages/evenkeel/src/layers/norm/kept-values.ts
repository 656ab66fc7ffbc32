import { ArgumentError } from "../../errors.ts";
import type { Variable } from "../../tensor/variable.ts";

/** Running statistics as they are kept: float32, one value a channel. */
export interface Values {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly deviation?: Float32Array | undefined;
}

export interface Variables {
  readonly mean: Variable;
  readonly variance: Variable;
  /** √(variance + ε), where it is this that is averaged (batch renormalization); the variance follows from it. */
  readonly deviation?: { readonly variable: Variable; readonly epsilon: number };
}

/** Running statistics in the variables of a layer. */
export class KeptValues {
  readonly #op: string;
  #variables: Variables | undefined;
  /** As they were last seen here: whoever else assigns the variables is noticed by the difference. */
  #seen: Values | undefined;

  constructor(op: string) {
    this.#op = op;
  }

  /** Called once, when the layer is built. */
  attach(variables: Variables): void {
    this.#variables = variables;
    this.#seen = untouched(variables.mean.size);
  }

  /** Undefined until there are variables. */
  get channels(): number | undefined {
    return this.#variables?.mean.size;
  }

  /** Errors: ArgumentError until there are some. */
  get variables(): Variables {
    if (this.#variables !== undefined) return this.#variables;
    throw new ArgumentError(`${this.#op}: the layer has no statistics yet; build() it, or apply it to data`);
  }

  /** Copies. */
  read(): Values {
    const { mean, variance, deviation } = this.variables;
    return { mean: mean.dataSync(), variance: variance.dataSync(), deviation: deviation?.variable.dataSync() };
  }

  /** By default what there is before any batch: mean 0, variance 1. */
  write(values: Values = untouched(this.variables.mean.size)): void {
    const { mean, variance, deviation } = this.variables;
    const set = (variable: Variable, to: Float32Array): void => (variable.view(this.#op) as Float32Array).set(to);
    set(mean, values.mean);
    set(variance, values.variance);
    if (deviation !== undefined) {
      const { variable, epsilon } = deviation;
      set(variable, values.deviation ?? values.variance.map((value) => Math.sqrt(value + epsilon)));
    }
    this.#seen = values;
  }

  /** Notes and gives the variables as they are now, where there are some. */
  see(): Values | undefined {
    this.#seen = this.#variables && this.read();
    return this.#seen;
  }

  /** Whether somebody else has assigned the variables; they are noted then. */
  changed(): boolean {
    if (this.#seen === undefined) return false;
    const { mean, variance } = this.variables;
    if (sameBits(mean, this.#seen.mean) && sameBits(variance, this.#seen.variance)) return false;
    this.see();
    return true;
  }
}

function untouched(channels: number): Values {
  const ones = new Float32Array(channels).fill(1);
  return { mean: new Float32Array(channels), variance: ones, deviation: ones };
}

function sameBits(variable: Variable, values: Float32Array): boolean {
  const now = variable.view("runningStats");
  for (let i = 0; i < values.length; i++) if (!Object.is(now[i], values[i])) return false;
  return true;
}
