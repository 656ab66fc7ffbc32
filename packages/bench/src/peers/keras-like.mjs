// evenkeel and TensorFlow.js have one interface, so their jobs are one program. `lib` is either of them.
import { mlp, tutorial } from "../networks.mjs";
import { Cannot } from "./job.mjs";

const networks = { mlp, tutorial };
const chain = 1000;

/** The weights of a network follow each other as Keras orders them, so each layer takes as many as it has. */
function build(lib, network, weights) {
  const model = networks[network](lib);
  const given = Object.values(weights).map(({ values, shape }) => lib.tensor(values, shape));
  let next = 0;
  for (const layer of model.layers) {
    const count = layer.weights.length;
    layer.setWeights(given.slice(next, next + count));
    next += count;
  }
  lib.dispose(given);
  return model;
}

/** What is there to read after each run: it makes a peer that computes late finish. */
const values = (tensor) => tensor.dataSync();

export const kerasLikeJobs = (lib) => {
  const tensor = ({ values, shape }) => lib.tensor(values, shape);
  const tensors = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, one]) => [name, tensor(one)]));

  /** A job from a function of no arguments to tensors by name. */
  const compute = (f) => ({
    outputs: () => lib.tidy(() => Object.fromEntries(Object.entries(f()).map(([name, one]) => [name, values(one)]))),
    run: () => void lib.tidy(() => void f()),
  });

  /** y = f(x) and the gradients for dy. */
  const forwardBackward = (f, inputs, dy) =>
    compute(() => {
      const { value, grads } = lib.valueAndGrads(f)(inputs, dy);
      return { y: value, dx: grads[0] };
    });

  /** A layer in training, its first weights set to γ and β, or those of them that it has. */
  const layerTraining = (make) => (arrays, options) => {
    const { x, dy, gamma, beta } = tensors(arrays);
    const layer = make(options);
    layer.build(x.shape);
    layer.setWeights([gamma, beta, ...layer.getWeights().slice(2)].slice(0, layer.weights.length));
    return forwardBackward((input) => layer.apply(input, { training: true }), [x], dy);
  };

  return {
    trainStep({ x, y, ...weights }, { network }) {
      const model = build(lib, network, weights);
      model.compile({ optimizer: lib.train.adam(1e-3), loss: "categoricalCrossentropy" });
      const [images, labels] = [tensor(x), tensor(y)];
      const step = () => model.trainOnBatch(images, labels);
      const loss = async () => {
        const result = await step();
        return result.loss ?? result;
      };
      return {
        outputs: async () => ({ losses: [await loss(), await loss()] }),
        run: () => {
          const result = step();
          return result instanceof Promise ? result.then(() => undefined) : undefined;
        },
      };
    },

    predict({ x, ...weights }, { network }) {
      const model = build(lib, network, weights);
      const images = tensor(x);
      const predict = () => values(lib.tidy(() => model.predict(images, { batchSize: images.shape[0] })));
      return { outputs: () => ({ probabilities: predict() }), run: () => void predict() };
    },

    matmul(arrays) {
      const { a, b } = tensors(arrays);
      return compute(() => ({ c: lib.matMul(a, b) }));
    },

    convForward(arrays) {
      const { x, w } = tensors(arrays);
      return compute(() => ({ y: lib.conv2d(x, w, 1, "valid") }));
    },

    /** Only what follows the forward pass is timed. */
    convGradients(arrays) {
      const { x, w, dy } = tensors(arrays);
      let start = 0;
      const gradients = lib.grads((x, w) => {
        const y = lib.conv2d(x, w, 1, "valid");
        start = performance.now();
        return y;
      });
      const both = compute(() => {
        const [dx, dw] = gradients([x, w], dy);
        return { dx, dw };
      });
      return {
        outputs: both.outputs,
        run: () => {
          both.run();
          return performance.now() - start;
        },
      };
    },

    batchNorm: layerTraining(() => lib.layers.batchNormalization({ epsilon: 1e-3 })),
    layerNorm: layerTraining(() => {
      if (!lib.layers.layerNormalization) throw new Cannot("has no layer normalization");
      return lib.layers.layerNormalization({ epsilon: 1e-3 });
    }),
    rmsNorm: layerTraining(() => lib.layers.rmsNormalization({ epsilon: 1e-3 })),
    groupNorm: layerTraining(({ groups }) => {
      if (!lib.layers.groupNormalization) throw new Cannot("has no group normalization");
      return lib.layers.groupNormalization({ groups, epsilon: 1e-3 });
    }),

    /** A layer, or with `shared` the one that it is built on. Their results differ: only times are compared. */
    normVariant({ condition, ...arrays }, { layer, kernel }) {
      const [name, options] = lib.shared ? kernel : layer;
      if (!lib.layers[name]) throw new Cannot(`has no ${name}`);
      const { x, dy } = tensors(arrays);
      const made = lib.layers[name](options);
      made.build(x.shape);
      const call = { training: true, ...(condition && !lib.shared && { condition: tensor(condition) }) };
      const both = forwardBackward((input) => made.apply(input, call), [x, ...made.trainableWeights], dy);
      return { run: both.run, outputs: () => ({}) };
    },

    localResponse(arrays) {
      const { x, dy } = tensors(arrays);
      return forwardBackward((input) => lib.localResponseNormalization(input, 5, 1, 1, 0.5), [x], dy);
    },

    maxPool(arrays) {
      const { x } = tensors(arrays);
      return compute(() => ({ y: lib.maxPool(x, 2, 2, "valid") }));
    },

    relu(arrays) {
      const { x } = tensors(arrays);
      return compute(() => ({ y: lib.relu(x) }));
    },

    softmaxCrossEntropy(arrays) {
      const { logits, labels } = tensors(arrays);
      const f = (z) => lib.mean(lib.softmaxCrossEntropy(labels, z));
      return compute(() => {
        const { value, grad } = lib.valueAndGrad(f)(logits);
        return { loss: value, gradient: grad };
      });
    },

    adam(arrays) {
      const { parameters, gradients } = tensors(arrays);
      const optimizer = lib.train.adam(1e-3);
      const variable = lib.variable(parameters, true, "bench-parameters");
      const step = () => optimizer.applyGradients({ [variable.name]: gradients }, [variable]);
      return {
        outputs: () => {
          step();
          return { parameters: values(variable) };
        },
        run: step,
      };
    },

    /** ms of one `add` of a chain of many, of four numbers each. */
    eagerOp(arrays, { tape }) {
      const { first, x } = tensors(arrays);
      const sum = (start) => {
        let y = start;
        for (let i = 0; i < chain; i++) y = lib.add(y, x);
        return y;
      };
      const gradient = lib.grad((start) => lib.sum(sum(start)));
      const both = compute(() => ({ y: tape ? gradient(first) : sum(first) }));
      return {
        outputs: both.outputs,
        run: () => {
          const start = performance.now();
          both.run();
          return (performance.now() - start) / chain;
        },
      };
    },
  };
};
