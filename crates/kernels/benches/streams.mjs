// The rows of the table whose limit is memory: normalization, pooling, softmax, elementwise, updates. `bytes` is what a
// kernel reads and writes at least, once each.

/** @param {{ kernels: any, floats: (n: number) => number, geometry: (...sizes: number[]) => number }} tools */
export function streamRows({ kernels, floats, geometry }) {
  const row = (name, count, prepare) => ({ name, bytes: 4 * count, prepare });

  /** Moments and use; then the gradients. */
  function batchNorm(outer, channels, inner) {
    const n = outer * channels * inner;
    const view = [outer, channels, inner];
    const prepare = () => {
      const [x, y, dy, dx] = [n, n, n, n].map(floats);
      const [moments, gamma, beta, mean, variance] = [4 * channels, channels, channels, channels, channels].map(floats);
      const forward = () => {
        kernels.norm_channels_moments(...view, x, moments);
        kernels.norm_channels_apply(...view, x, moments, gamma, beta, 1e-3, mean, variance, y);
      };
      forward();
      const inputs = [x, moments, gamma, 1e-3, dy, 0];
      const backward = () => kernels.norm_channels_backward(...view, ...inputs, dx, gamma, beta, 0);
      return { forward, backward };
    };
    return bothWays(`batch norm [${view.join()}]`, n, 3, 5, prepare);
  }

  function layerNorm(rows, cols) {
    const n = rows * cols;
    const prepare = () => {
      const [x, y, dy, dx, gamma, beta, statistics] = [n, n, n, n, cols, cols, 3 * rows].map(floats);
      const forward = () => kernels.norm_rows_forward(rows, cols, 1, x, gamma, beta, 1e-3, statistics, y);
      forward();
      const backward = () => kernels.norm_rows_backward(rows, cols, 1, x, statistics, gamma, dy, dx, gamma, beta);
      return { forward, backward };
    };
    return bothWays(`layer norm [${rows},${cols}]`, n, 2, 3, prepare);
  }

  function groupNorm(samples, outer, channels, groups) {
    const n = samples * outer * channels;
    const shape = [samples, outer, channels, 1, groups];
    const prepare = () => {
      const [x, y, dy, dx] = [n, n, n, n].map(floats);
      const [gamma, beta, moments] = [channels, channels, 4 * samples * channels].map(floats);
      const forward = () => kernels.norm_groups_forward(...shape, x, gamma, beta, 1e-3, moments, y);
      forward();
      const backward = () => kernels.norm_groups_backward(...shape, x, moments, gamma, 1e-3, dy, dx, gamma, beta);
      return { forward, backward };
    };
    return bothWays(`group norm(${groups}) [${samples},${outer},${channels}]`, n, 2, 3, prepare);
  }

  /** Max pooling 2x2, alone and behind a normalization. */
  function pooling([batch, height, width, channels]) {
    const sizes = [batch, height, width, channels, 2, 2, 2, 2, 0, 0, height >> 1, width >> 1];
    const [n, outputs] = [batch * height * width * channels, batch * (height >> 1) * (width >> 1) * channels];
    const shape = `[${batch},${height},${width},${channels}]`;
    const pool = () => {
      const [x, y, places, dx] = [n, outputs, outputs / 2, n].map(floats);
      const forward = () => kernels.max_pool_forward(geometry(...sizes), x, y, places);
      forward();
      return { forward, backward: () => kernels.max_pool_backward(geometry(...sizes), places, y, dx) };
    };
    const fused = () => {
      const [x, y, peaks, places, dx] = [n, outputs, outputs, outputs / 2, n].map(floats);
      const [moments, gamma, beta, mean, variance] = [4 * channels, channels, channels, channels, channels].map(floats);
      kernels.norm_channels_moments(n / channels, channels, 1, x, moments);
      const results = [mean, variance, y, peaks, places];
      const forward = () => kernels.norm_pool_forward(geometry(...sizes), x, moments, gamma, beta, 1e-3, ...results);
      forward();
      const inputs = [x, peaks, places, moments, gamma, 1e-3, y, 1];
      const backward = () => kernels.norm_pool_backward(geometry(...sizes), ...inputs, dx, mean, variance, beta);
      return { forward, backward };
    };
    return [
      ...bothWays(`max pool 2x2 ${shape}`, n, 1 + 3 / 8, 1 + 3 / 8, pool),
      ...bothWays(`norm + max pool 2x2 ${shape}`, n, 1 + 5 / 8, 2 + 7 / 8, fused),
    ];
  }

  /** Rows for what `prepare` gives, which move so many times `n` floats. */
  function bothWays(name, n, forwardTimes, backwardTimes, prepare) {
    return [
      row(`${name} forward`, n * forwardTimes, () => prepare().forward),
      row(`${name} backward`, n * backwardTimes, () => prepare().backward),
    ];
  }

  function crossEntropy(rows, cols) {
    const n = rows * cols;
    const prepare = () => {
      const [z, targets, loss, p, dz] = [n, n, rows, n, n].map(floats);
      const forward = () => kernels.softmax_cross_entropy_forward(rows, cols, z, targets, loss, p);
      forward();
      const backward = () => kernels.softmax_cross_entropy_backward(rows, cols, p, targets, loss, dz);
      return { forward, backward };
    };
    return bothWays(`softmax cross-entropy [${rows},${cols}]`, n, 3, 3, prepare);
  }

  const relu = 6;
  return [
    ...batchNorm(86528, 32, 1),
    ...batchNorm(73728, 64, 1),
    ...batchNorm(4096, 512, 1),
    ...layerNorm(4096, 512),
    ...groupNorm(128, 676, 32, 8),
    ...pooling([128, 24, 24, 64]),
    ...crossEntropy(4096, 1000),
    row("relu 2,768,896", 2 * 2768896, () => {
      const [x, y] = [2768896, 2768896].map(floats);
      return () => kernels.unary_forward(relu, 2768896, x, y);
    }),
    row("adam 1,200,000", 7 * 1.2e6, () => {
      const arrays = [1.2e6, 1.2e6, 1.2e6, 1.2e6].map(floats);
      new Float32Array(kernels.memory.buffer, arrays[2], 1.2e6).fill(0.5);
      return () => kernels.adam_update(1.2e6, ...arrays, 1e-3, 0.9, 0.999, 1e-7, 0.1, 0.001);
    }),
  ];
}
