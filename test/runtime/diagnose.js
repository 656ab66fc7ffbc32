/** What `diagnose`, whose texts are a file of their own, finds in a model that was never trained. */
export async function findings(ek) {
  const model = ek.sequential([ek.layers.batchNormalization({ inputShape: [2], name: "norm" })]);
  const lines = [];
  const { findings } = await ek.diagnose(model, ek.ones([4, 2]), { print: (line) => lines.push(line) });
  return { problems: findings.map(({ problem, layer }) => `${problem} in ${layer}`), lines: lines.length };
}
