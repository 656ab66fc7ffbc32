// ONNX Runtime, compiled to WASM ("onnxruntime-web") or native ("onnxruntime-node"). It does not train.
import { Cannot, channelsFirst, channelsLast, denseForChannelsFirst, filterFirst } from "./job.mjs";
import { node, onnxModel } from "./onnx.mjs";

export async function load({ package: name, threads, importPeer }) {
  const namespace = await importPeer(name);
  const ort = namespace.default ?? namespace;
  if (name === "onnxruntime-web") ort.env.wasm.numThreads = threads;
  // The native one says its version in an object by package.
  const version = Object.values(ort.env.versions ?? {}).at(-1) ?? "";
  return { version, jobs: jobs(ort, { intraOpNumThreads: threads, interOpNumThreads: 1 }) };
}

const cannotTrain = () => {
  throw new Cannot("does not train");
};

const jobs = (ort, settings) => {
  /** A job from a model; `inputs` are arrays by name, `read` turns an output to the order that all compare in. */
  async function session({ inputs, read = ({ values }) => values, ...graph }) {
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
    const running = await ort.InferenceSession.create(onnxModel({ ...graph, inputs: shapes }), settings);
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { values, shape }]) => [name, new ort.Tensor("float32", values, shape)]),
    );
    return {
      run: async () => void (await running.run(feeds)),
      outputs: async () =>
        Object.fromEntries(
          Object.entries(await running.run(feeds)).map(([name, { data, dims }]) => [
            name,
            read({ values: data, shape: dims.map(Number) }),
          ]),
        ),
    };
  }
  const images = (array) => channelsLast(array).values;

  return {
    trainStep: cannotTrain,
    convGradients: cannotTrain,
    batchNorm: cannotTrain,
    layerNorm: cannotTrain,
    groupNorm: cannotTrain,
    softmaxCrossEntropy: cannotTrain,
    adam: cannotTrain,

    predict: ({ x, ...weights }) => session(tutorial(x, weights)),

    matmul: ({ a, b }) =>
      session({
        nodes: [node("MatMul", ["a", "b"], "c")],
        inputs: { a, b },
        outputs: { c: [a.shape[0], b.shape[1]] },
      }),

    convForward({ x, w }) {
      const [batch, height, width] = x.shape;
      return session({
        nodes: [node("Conv", ["x", "w"], "y", { kernel_shape: [3, 3] })],
        inputs: { x: channelsFirst(x) },
        constants: { w: filterFirst(w) },
        outputs: { y: [batch, w.shape[3], height - 2, width - 2] },
        read: images,
      });
    },

    maxPool({ x }) {
      const [batch, height, width, channels] = x.shape;
      return session({
        nodes: [node("MaxPool", ["x"], "y", { kernel_shape: [2, 2], strides: [2, 2] })],
        inputs: { x: channelsFirst(x) },
        outputs: { y: [batch, channels, height / 2, width / 2] },
        read: images,
      });
    },

    relu: ({ x }) => session({ nodes: [node("Relu", ["x"], "y")], inputs: { x }, outputs: { y: x.shape } }),
  };
};

/** The tutorial's network in inference. Weights are named by their layer and their role: `conv1/kernel`. */
function tutorial(x, weights) {
  const constants = Object.fromEntries(
    Object.entries(weights).map(([name, array]) => [name, array.shape.length === 4 ? filterFirst(array) : array]),
  );
  constants["dense1/kernel"] = denseForChannelsFirst(weights["dense1/kernel"], [12, 12, 64]);
  const norm = (name, from) => {
    const statistics = ["gamma", "beta", "mean", "variance"].map((role) => `${name}/${role}`);
    return node("BatchNormalization", [from, ...statistics], name, { epsilon: { float: 1e-3 } });
  };
  const weighted = (type, name, from, attributes) => [
    node(type, [from, `${name}/kernel`, `${name}/bias`], name, attributes),
    node("Relu", [name], `${name}/relu`),
  ];
  const window = { kernel_shape: [2, 2], strides: [2, 2] };
  const nodes = [
    ...weighted("Conv", "conv1", "x", { kernel_shape: [3, 3] }),
    norm("norm1", "conv1/relu"),
    ...weighted("Conv", "conv2", "norm1", { kernel_shape: [3, 3] }),
    norm("norm2", "conv2/relu"),
    node("MaxPool", ["norm2"], "pool", window),
    node("Flatten", ["pool"], "flat"),
    ...weighted("Gemm", "dense1", "flat"),
    norm("norm3", "dense1/relu"),
    node("Gemm", ["norm3", "dense2/kernel", "dense2/bias"], "logits"),
    node("Softmax", ["logits"], "probabilities"),
  ];
  return { nodes, constants, inputs: { x: channelsFirst(x) }, outputs: { probabilities: [x.shape[0], 10] } };
}
