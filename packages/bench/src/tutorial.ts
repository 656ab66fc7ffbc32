import * as ek from "evenkeel";
import { tutorial as network } from "./networks.mjs";

/** The tutorial's network, compiled. */
export function tutorial(): ek.Sequential {
  const model = network(ek);
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}
