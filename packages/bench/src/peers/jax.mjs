// jax-js on its WASM backend. In Node it has one thread: its others need the Worker of a browser.
// Functions consume their arguments; `.ref` keeps one for another use.
import { Cannot, channelsFirst, channelsLast, denseForChannelsFirst, filterFirst } from "./job.mjs";
import manifest from "./package.json" with { type: "json" };

export async function load({ importPeer }) {
  const jax = await importPeer("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return { version: manifest.dependencies["@jax-js/jax"], jobs: jobs(jax) };
}

const chain = 1000;
const epsilon = 1e-3;
/** The others add it to the corrected root, larger by 1/√(1 − 0.999ᵗ): so the first step is the same. */
const adamEpsilon = 1e-7 * Math.sqrt(1 - 0.999);
const valid = [[1, 1], "VALID"];

function jobs(jax) {
  const { numpy: np, nn, lax, tree } = jax;
  const array = ({ values, shape }) => np.array(values, { shape });
  const arrays = (given) => Object.fromEntries(Object.entries(given).map(([name, one]) => [name, array(one)]));
  const perChannel = (v) => v.reshape([1, -1, 1, 1]);

  /** A job from a compiled function and its inputs. */
  function compute(f, inputs, read = (values) => values) {
    const compiled = jax.jit(f);
    const call = () => compiled(...inputs.map((one) => one.ref));
    return {
      run: async () => {
        tree.dispose(await jax.blockUntilReady(call()));
      },
      outputs: () =>
        Object.fromEntries(Object.entries(call()).map(([name, one]) => [name, read(one.dataSync(), name)])),
    };
  }

  function normalize(x, gamma, beta, axes) {
    const centred = np.subtract(x.ref, np.mean(x, axes, { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), axes, { keepdims: true });
    return centred.mul(gamma.div(np.sqrt(variance.add(epsilon)))).add(beta);
  }
  function standardize(x, mean, variance, gamma, beta) {
    return x
      .sub(mean)
      .mul(gamma.div(np.sqrt(variance.add(epsilon))))
      .add(beta);
  }

  /** Weights as the peers have them, images with their channels first. */
  function weightsOf(network, weights) {
    const own = Object.fromEntries(
      Object.entries(weights).map(([name, one]) => [name, array(one.shape.length === 4 ? filterFirst(one) : one)]),
    );
    if (network === "tutorial") {
      own["dense1/kernel"].dispose();
      own["dense1/kernel"] = array(denseForChannelsFirst(weights["dense1/kernel"], [12, 12, 64]));
    }
    return own;
  }

  function forward(network, w, x, training) {
    const take = (name) => w[name];
    const norm = (name, y, shape, axes) => {
      const [gamma, beta] = [shape(take(`${name}/gamma`)), shape(take(`${name}/beta`))];
      if (training) return normalize(y, gamma, beta, axes);
      return standardize(y, shape(take(`${name}/mean`)), shape(take(`${name}/variance`)), gamma, beta);
    };
    const conv = (name, y) =>
      nn.relu(lax.conv(y, take(`${name}/kernel`), ...valid).add(perChannel(take(`${name}/bias`))));
    const dense = (name, y) => np.matmul(y, take(`${name}/kernel`)).add(take(`${name}/bias`));
    const flat = (v) => v;
    if (network === "mlp") {
      const first = norm("norm1", nn.relu(dense("dense1", x)), flat, 0);
      return dense("dense3", norm("norm2", nn.relu(dense("dense2", first)), flat, 0));
    }
    const images = norm(
      "norm2",
      conv("conv2", norm("norm1", conv("conv1", x), perChannel, [0, 2, 3])),
      perChannel,
      [0, 2, 3],
    );
    const [batch, channels, height, width] = images.shape;
    const pooled = np.max(images.reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]);
    const hidden = nn.relu(dense("dense1", pooled.reshape([batch, -1])));
    return dense("dense2", norm("norm3", hidden, flat, 0));
  }

  /** Adam with its epsilon on the uncorrected root, as in jax and Keras. */
  function adam(p, g, m, v, rate) {
    const first = m.mul(0.9).add(g.ref.mul(0.1));
    const second = v.mul(0.999).add(np.square(g).mul(0.001));
    const step = first.ref.mul(rate).div(np.sqrt(second.ref).add(adamEpsilon));
    return [p.sub(step), first, second];
  }
  const rateAt = (t) => (1e-3 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);

  const withImages = ({ shape }) => (shape.length === 4 ? channelsFirst : (one) => one);

  return {
    trainStep({ x, y, ...given }, { network }) {
      const trained = Object.fromEntries(Object.entries(given).filter(([name]) => !/mean|variance/.test(name)));
      let w = weightsOf(network, trained);
      const zeros = () => tree.map((one) => np.zeros(one.shape), w);
      let [m, v, t] = [zeros(), zeros(), 0];
      const images = array(withImages(x)(x));
      const labels = array(y);
      const loss = (w, x, y) => {
        const logits = forward(network, w, x, true);
        return np.mean(np.sum(nn.logSoftmax(logits, -1).mul(y), -1)).mul(-1);
      };
      const step = jax.jit((w, m, v, rate, x, y) => {
        const [value, grads] = jax.valueAndGrad(loss)(tree.ref(w), x, y);
        const next = Object.keys(w).map((name) => adam(w[name], grads[name], m[name], v[name], rate.ref));
        rate.dispose();
        const part = (i) => Object.fromEntries(Object.keys(w).map((name, at) => [name, next[at][i]]));
        return [value, part(0), part(1), part(2)];
      });
      const run = async () => {
        t += 1;
        const result = await jax.blockUntilReady(step(w, m, v, np.array(rateAt(t)), images.ref, labels.ref));
        [, w, m, v] = result;
        return result[0].js();
      };
      return { outputs: async () => ({ losses: [await run(), await run()] }), run: () => run().then(() => undefined) };
    },

    predict({ x, ...given }, { network }) {
      const w = weightsOf(network, given);
      const predict = jax.jit((w, x) => nn.softmax(forward(network, w, x, false), -1));
      const images = array(channelsFirst(x));
      const run = () => predict(tree.ref(w), images.ref).dataSync();
      return { outputs: () => ({ probabilities: run() }), run: () => void run() };
    },

    matmul(given) {
      const { a, b } = arrays(given);
      return compute((a, b) => ({ c: np.matmul(a, b) }), [a, b]);
    },

    convForward({ x, w }) {
      const inputs = [array(channelsFirst(x)), array(filterFirst(w))];
      const [batch, height, width] = x.shape;
      const shape = [batch, w.shape[3], height - 2, width - 2];
      const read = (values) => channelsLast({ values, shape }).values;
      return compute((x, w) => ({ y: lax.conv(x, w, ...valid) }), inputs, read);
    },

    convGradients() {
      throw new Cannot("has these gradients in its training step only: compiling them takes minutes");
    },

    batchNorm({ x, dy, gamma, beta }) {
      return normJob({ x, dy, gamma, beta }, (rank) => (rank === 4 ? [0, 2, 3] : [0]));
    },
    layerNorm({ x, dy, gamma, beta }) {
      return normJob({ x, dy, gamma, beta }, () => [1]);
    },
    rmsNorm({ x, dy, gamma }) {
      const both = (x, gamma, dy) => {
        const f = (x, gamma) => {
          const mean = np.mean(np.square(x.ref), 1, { keepdims: true });
          return x.mul(gamma).div(np.sqrt(mean.add(epsilon)));
        };
        const [y, pullback] = jax.vjp(f, [x, gamma]);
        const [dx, dgamma] = pullback(dy);
        return { y, dx, dgamma };
      };
      return compute(both, [x, gamma, dy].map(array));
    },
    groupNorm({ x, dy, gamma, beta }, { groups }) {
      return normJob({ x, dy, gamma, beta }, () => [2, 3, 4], groups);
    },

    maxPool({ x }) {
      const [batch, height, width, channels] = x.shape;
      const split = [batch, channels, height / 2, 2, width / 2, 2];
      const shape = [batch, channels, height / 2, width / 2];
      const read = (values) => channelsLast({ values, shape }).values;
      return compute((x) => ({ y: np.max(x.reshape(split), [3, 5]) }), [array(channelsFirst(x))], read);
    },

    relu: ({ x }) => compute((x) => ({ y: nn.relu(x) }), [array(x)]),

    softmaxCrossEntropy(given) {
      const { logits, labels } = arrays(given);
      const f = (z, t) => np.mean(np.sum(nn.logSoftmax(z, -1).mul(t), -1)).mul(-1);
      return compute(
        (z, t) => {
          const [loss, gradient] = jax.valueAndGrad(f)(z, t);
          return { loss, gradient };
        },
        [logits, labels],
      );
    },

    adam(given) {
      const { parameters, gradients } = arrays(given);
      let [p, m, v, t] = [parameters, np.zeros(parameters.shape), np.zeros(parameters.shape), 0];
      const update = jax.jit((p, g, m, v, rate) => adam(p, g, m, v, rate));
      const run = async () => {
        t += 1;
        [p, m, v] = await jax.blockUntilReady(update(p, gradients.ref, m, v, np.array(rateAt(t))));
      };
      return {
        run,
        outputs: async () => {
          await run();
          return { parameters: p.ref.dataSync() };
        },
      };
    },

    eagerOp({ first, x }, { tape }) {
      if (tape) throw new Cannot("has no tape: it differentiates a program, and compiles it");
      const [start, one] = [first, x].map(array);
      const run = () => {
        let y = start.ref;
        for (let i = 0; i < chain; i++) y = y.add(one.ref);
        return y.dataSync();
      };
      return {
        outputs: () => ({ y: run() }),
        run: () => {
          const before = performance.now();
          run();
          return (performance.now() - before) / chain;
        },
      };
    },
  };

  /** Forward and backward of a normalization over `axes`; with groups, of channels split into them. */
  function normJob({ x, dy, gamma, beta }, axesOf, groups) {
    const images = x.shape.length === 4;
    const order = images ? channelsFirst : (one) => one;
    const inputs = [order(x), gamma, beta, order(dy)].map(array);
    const { shape } = order(x);
    const split = groups ? [shape[0], groups, shape[1] / groups, ...shape.slice(2)] : shape;
    const affine = (v) => {
      if (groups) return v.reshape([1, groups, shape[1] / groups, 1, 1]);
      return images ? perChannel(v) : v;
    };
    const f = (x, gamma, beta) =>
      normalize(x.reshape(split), affine(gamma), affine(beta), axesOf(shape.length)).reshape(shape);
    const read = (values) => (images ? channelsLast({ values, shape }).values : values);
    const both = (x, gamma, beta, dy) => {
      const [y, pullback] = jax.vjp(f, [x, gamma, beta]);
      const [dx, dgamma, dbeta] = pullback(dy);
      return { y, dx, dgamma, dbeta };
    };
    return compute(both, inputs, (values, name) => (/^(y|dx)$/.test(name) ? read(values) : values));
  }
}
