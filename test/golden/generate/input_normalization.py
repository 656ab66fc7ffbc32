"""Keras's Normalization: statistics, and what it makes of the same data, in float64; Keras must agree with NumPy."""

import keras
import numpy as np

import generator
import store

# axis, shape, low and high of the data; mean and variance where they are given instead of adapted.
CASES = [
    {"axis": -1, "shape": [50, 4], "low": -1, "high": 3},
    {"axis": -1, "shape": [64, 3], "low": 99998, "high": 100002},
    {"axis": 1, "shape": [6, 3, 4], "low": -2, "high": 2},
    {"axis": [1, 3], "shape": [5, 3, 4, 2], "low": 0, "high": 255},
    {"axis": [-1, 1], "shape": [7, 2, 3], "low": -5, "high": 5},
    {"axis": 0, "shape": [3, 10], "low": 0, "high": 1},
    {"axis": None, "shape": [20, 2, 2], "low": -10, "high": 30},
    {"axis": -1, "shape": [4, 3], "low": -1, "high": 1, "mean": 0.5, "variance": 4},
    {"axis": -1, "shape": [4, 3], "low": -1, "high": 1, "mean": [1, 0, -1], "variance": [4, 0.25, 1e-20]},
    {"axis": [1, 2], "shape": [2, 2, 3], "low": -1, "high": 1, "mean": [1, 0, -1], "variance": [1, 2, 4]},
    {"axis": [1, 2], "shape": [2, 2, 3], "low": -1, "high": 1, "mean": [[1], [2]], "variance": [[1], [4]]},
]


def kept(axis, rank):
    axes = [] if axis is None else [axis] if isinstance(axis, int) else axis
    return sorted(a % rank for a in axes)


def references(case, x):
    """Mean, variance in the shape of the kept axes, and the normalized x, by NumPy."""
    axes = kept(case["axis"], x.ndim)
    others = tuple(a for a in range(x.ndim) if a not in axes)
    shape = [x.shape[a] for a in axes]
    if "mean" in case:
        mean, variance = (np.broadcast_to(np.float64(case[key]), shape) for key in ("mean", "variance"))
    else:
        mean, variance = x.mean(others), ((x - x.mean(others, keepdims=True)) ** 2).mean(others)
    wide = [x.shape[a] if a in axes else 1 for a in range(x.ndim)]
    deviation = np.maximum(np.sqrt(variance), 1e-7).reshape(wide)
    return mean, variance, (x - mean.reshape(wide)) / deviation, x * deviation + mean.reshape(wide)


def layer_of(case, x, invert, dtype="float64"):
    given = {key: case[key] for key in ("mean", "variance") if key in case}
    layer = keras.layers.Normalization(axis=case["axis"], invert=invert, dtype=dtype, name="normalization", **given)
    if given:
        layer.build(x.shape)
    else:
        layer.adapt(x)
    return layer


def case(seed, case):
    x = generator.uniform(seed, case["shape"], case["low"], case["high"]).astype(np.float64)
    mean, variance, normalized, inverted = references(case, x)
    for invert, reference in ((False, normalized), (True, inverted)):
        found = np.asarray(layer_of(case, x, invert)(x))
        assert np.abs(found - reference).max() <= 1e-12 * np.abs(reference).max(), case
    statistics = {"mean": store.tensor(mean), "variance": store.tensor(variance)}
    results = {"normalized": store.tensor(normalized), "inverted": store.tensor(inverted)}
    config = layer_of(case, x, False, "float32").get_config()
    return {"seed": seed, **case, "config": config, "statistics": statistics, **results}


def write():
    store.write("input-normalization", {}, cases=[case(300 + i, one) for i, one in enumerate(CASES)])
