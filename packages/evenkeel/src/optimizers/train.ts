/** `ek.train`: optimizers as tfjs makes them, by position. */
import { Adam } from "./adam.ts";
import { Sgd } from "./sgd.ts";

export function adam(learningRate?: number, beta1?: number, beta2?: number, epsilon?: number): Adam {
  return new Adam({ learningRate, beta1, beta2, epsilon });
}

export function sgd(learningRate?: number): Sgd {
  return new Sgd({ learningRate });
}
