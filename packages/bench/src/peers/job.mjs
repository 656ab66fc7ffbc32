/** A peer lacks what a job needs. */
export class Cannot extends Error {}

/** `values` of `shape` with its axes in another order, as `numpy.transpose`. */
export function transpose({ values, shape }, order) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(values.length);
  let next = 0;
  const copy = (axis, from) => {
    if (axis === sizes.length) result[next++] = values[from];
    else for (let i = 0; i < sizes[axis]; i++) copy(axis + 1, from + i * steps[axis]);
  };
  copy(0, 0);
  return { values: result, shape: sizes };
}

/** Images between [batch, height, width, channels] and [batch, channels, height, width]. */
export const channelsFirst = (images) => transpose(images, [0, 3, 1, 2]);
export const channelsLast = (images) => transpose(images, [0, 2, 3, 1]);

/** A filter [height, width, channels, filters] as [filters, channels, height, width]. */
export const filterFirst = (filter) => transpose(filter, [3, 2, 0, 1]);

/** The kernel of the dense layer behind `flatten`, for images that are flattened with their channels first. */
export function denseForChannelsFirst({ values, shape }, [height, width, channels]) {
  const split = { values, shape: [height, width, channels, shape[1]] };
  return { values: transpose(split, [2, 0, 1, 3]).values, shape };
}
