import * as ek from "evenkeel";
import type { Case, Inputs } from "./cases.ts";
import type { Outputs } from "./reference.ts";

/** What evenkeel's layers make of a case. */
export function evenkeel({ norm, shape, epsilon, groups }: Case, { x, dy, gamma, beta }: Inputs): Outputs {
  const batch = ek.layers.batchNormalization({ epsilon });
  const layer = {
    batch,
    layer: ek.layers.layerNormalization({ epsilon }),
    rms: ek.layers.rmsNormalization({ epsilon }),
    instance: ek.layers.instanceNormalization({ scale: true, center: true, epsilon }),
    group: ek.layers.groupNormalization({ groups, epsilon }),
  }[norm];
  layer.build(shape);
  return ek.tidy(() => {
    layer.setWeights([gamma, beta, ...layer.getWeights().slice(2)].slice(0, layer.weights.length));
    const f = (input: ek.Tensor): ek.Tensor => layer.apply(input, { training: true });
    const { value, grads } = ek.valueAndGrads(f)([ek.tensor(x, shape)], ek.tensor(dy, shape));
    // The running variance is the batch's, after the first.
    const variance = norm === "batch" ? batch.runningStats.variance : undefined;
    layer.dispose();
    return { y: value.dataSync(), dx: grads[0]!.dataSync(), variance };
  });
}
