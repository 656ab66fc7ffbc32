"""Layers of the normalization family: float64 outputs, gradients and moving statistics of one call.

PyTorch's functions where it has them, else the definition; Keras's layer and TensorFlow's op must agree.
"""

import keras
import numpy as np
import tensorflow as tf
import torch
import torch.nn.functional as F

import generator
import store

CASES = []


def x(*shape, low=-2.0, high=3.0):
    return {"shape": list(shape), "low": low, "high": high}


def gamma(channels):
    return x(channels, low=0.5, high=1.5)


def case(layer, options, inputs, reference, weights=(), moving=(), training=True, check=None, note=""):
    """`reference` takes the inputs, the weights, then the moving statistics, which it changes, and gives the output."""
    names = ["layer", "options", "inputs", "reference", "weights", "moving", "training", "check", "note"]
    values = [layer, options, inputs, reference, list(weights), list(moving), training, check, note]
    CASES.append(dict(zip(names, values)))


def moments(a, axes):
    """Mean and biased variance, by their definitions."""
    mean = a.mean(axes, keepdim=True)
    return mean, (a - mean).square().mean(axes, keepdim=True)


# Unit normalization.
def unit(axes):
    return lambda a: a / a.square().sum(axes, keepdim=True).sqrt().clamp_min(1e-12)


for shape, axis in (([4, 9], -1), ([3, 4, 5], [1, 2]), ([2, 5, 3, 4], 1), ([3, 600], -1)):
    axes = axis if isinstance(axis, list) else [axis]
    check = lambda a, axis=axis: keras.layers.UnitNormalization(axis, dtype="float64")(a)
    case("unitNormalization", {"axis": axis}, [x(*shape)], unit(axes), check=check)


# Local response normalization.
def local_response(axis, size, alpha, beta, k):
    return lambda a: F.local_response_norm(a.movedim(axis, 1), size, alpha, beta, k).movedim(1, axis)


def tf_local_response(r, bias, alpha, beta):
    """In float32, the only kind it has."""

    def run(a):
        y = tf.nn.local_response_normalization(tf.cast(a, tf.float32), r, bias, alpha, beta)
        return tf.cast(y, tf.float64)

    return run


for r, bias, alpha, beta, shape in (
    (5, 1.0, 1.0, 0.5, [2, 3, 4, 16]),
    (2, 2.0, 0.25, 0.75, [2, 3, 3, 7]),
    (0, 1.0, 1.0, 1.0, [2, 2, 2, 3]),
    (6, 1.0, 0.5, 0.5, [2, 2, 3, 4]),
):
    options = {"depthRadius": r, "bias": bias, "alpha": alpha, "beta": beta}
    size = 2 * r + 1
    reference = local_response(-1, size, alpha * size, beta, bias)
    check = tf_local_response(r, bias, alpha, beta)
    case("localResponseNormalization", options, [x(*shape)], reference, check=check)
first = [x(2, 9, 4, 5)]
for size, alpha, beta, k in ((5, 1e-4, 0.75, 1.0), (3, 0.5, 0.75, 2.0)):
    # PyTorch divides alpha by the size.
    options = {"axis": 1, "depthRadius": size // 2, "alpha": alpha / size, "beta": beta, "bias": k}
    case("localResponseNormalization", options, first, local_response(1, size, alpha, beta, k), note="as PyTorch")


# Layer normalization with rms_scaling.
def rms_scaling(axes):
    def run(a, gamma):
        shape = [a.shape[d] if d in axes else 1 for d in range(a.dim())]
        return a / (moments(a, axes)[1] + 1e-3).sqrt() * gamma.reshape(shape)

    return run


def keras_rms_scaling(axis):
    def run(a, gamma):
        layer = keras.layers.LayerNormalization(axis, rms_scaling=True, dtype="float64")
        layer.build(a.shape)
        layer.gamma = gamma
        return layer.call(a)

    return run


for axis, shape, low in (([2], [3, 4, 9], -2.0), ([1, 2], [3, 4, 5], -2.0), ([1], [3, 6, 2], -2.0), ([1], [4, 9], 1e4)):
    sizes = [shape[d] for d in axis]
    weights = [x(*sizes, low=0.5, high=1.5)]
    # Keras multiplies γ in from the right.
    check = keras_rms_scaling(axis) if axis != [1] or len(shape) == 2 else None
    inputs = [x(*shape, low=low, high=low + 2)]
    case("layerNormalization", {"axis": axis, "rmsScaling": True}, inputs, rms_scaling(axis), weights, check=check)


# Instance normalization.
def instance(axis, affine=False, moving=False, training=True):
    def run(a, *rest):
        given = list(rest)
        weight, bias = (given.pop(0), given.pop(0)) if affine else (None, None)
        mean, variance = given if moving else (None, None)
        # PyTorch cannot differentiate the call that changes them in place, but copies.
        y = F.instance_norm(a.movedim(axis, 1), mean, variance, weight, bias, training or not moving, 0.1, 1e-5)
        return y.movedim(1, axis)

    return run


for note, shape, axis, low, high in (
    ("", [2, 4, 5, 3], -1, -2, 3),
    ("channels first", [3, 4, 9, 7], 1, -2, 3),
    ("one space axis", [3, 6, 4], -1, -2, 3),
    ("mean 1e4", [2, 4, 5, 3], -1, 1e4 - 1, 1e4 + 1),
):
    channels, inputs = shape[axis], [x(*shape, low=low, high=high)]
    affine, moving = [gamma(channels), x(channels)], [x(channels), gamma(channels)]
    case("instanceNormalization", {"axis": axis}, inputs, instance(axis), note=note)
    options = {"axis": axis, "scale": True, "center": True, "trackRunningStats": True}
    case("instanceNormalization", options, inputs, instance(axis, True, True), affine, moving, note=note)
    inference = instance(axis, True, True, False)
    if low > -1e3 and high < 1e3:
        case("instanceNormalization", options, inputs, inference, affine, moving, training=False, note=note)


# Adaptive instance normalization, as its authors' code: torch's variance, unbiased.
def adaptive(axis):
    def run(content, style):
        a, s = (each.movedim(axis, 1).flatten(2) for each in (content, style))
        deviation = lambda each: (each.var(-1, keepdim=True) + 1e-5).sqrt()
        y = (a - a.mean(-1, keepdim=True)) / deviation(a) * deviation(s) + s.mean(-1, keepdim=True)
        return y.reshape(content.movedim(axis, 1).shape).movedim(1, axis)

    return run


for note, shape, style, axis, low, high in (
    ("", [2, 4, 5, 3], [2, 4, 5, 3], -1, -2, 3),
    ("a larger style", [2, 4, 5, 3], [2, 7, 6, 3], -1, -2, 3),
    ("channels first", [3, 4, 9, 7], [3, 4, 5, 6], 1, -2, 3),
    ("mean 1e4", [2, 6, 6, 3], [2, 7, 6, 3], -1, 1e4 - 1, 1e4 + 1),
):
    inputs = [x(*shape, low=low, high=high), x(*style, low=0.0, high=2.0)]
    case("adaptiveInstanceNormalization", {"axis": axis}, inputs, adaptive(axis), note=note)


# Switchable normalization, each mean and variance by its definition.
def switchable(axis, training=True):
    def run(content, gamma, beta, mean_weight, var_weight, moving_mean, moving_variance):
        a = content.movedim(axis, 1)
        shape, a = a.shape, a.reshape(*a.shape[:2], -1)
        parts = [moments(a, [2]), moments(a, [1, 2])]
        if training:
            batch = moments(a, [0, 2])
            for moving, value in zip((moving_mean, moving_variance), batch):
                moving.copy_(0.9 * moving + 0.1 * value.detach().flatten())
        else:
            batch = [moving.reshape(1, -1, 1) for moving in (moving_mean, moving_variance)]
        parts.append(batch)
        mean, variance = (
            sum(share * part[i] for share, part in zip(weight.softmax(0), parts))
            for i, weight in enumerate((mean_weight, var_weight))
        )
        y = (a - mean) / (variance + 1e-5).sqrt() * gamma.reshape(1, -1, 1) + beta.reshape(1, -1, 1)
        return y.reshape(shape).movedim(1, axis)

    return run


for note, shape, axis, low, high in (
    ("", [3, 4, 5, 6], -1, -2, 3),
    ("channels first", [3, 4, 9, 7], 1, -2, 3),
    ("rows", [7, 5], -1, -2, 3),
    ("mean 1e4", [3, 4, 5, 6], -1, 1e4 - 1, 1e4 + 1),
):
    channels, inputs = shape[axis], [x(*shape, low=low, high=high)]
    weights = [gamma(channels), x(channels), x(3), x(3)]
    moving = [x(channels, low=(low + high) / 2, high=(low + high) / 2 + 0.5), gamma(channels)]
    case("switchableNormalization", {"axis": axis}, inputs, switchable(axis), weights, moving, note=note)
    reference = switchable(axis, False)
    case("switchableNormalization", {"axis": axis}, inputs, reference, weights, moving, training=False, note=note)


# Half instance normalization, half batch normalization.
def instance_batch(axis, first, training=True):
    def run(content, gamma, beta, moving_mean, moving_variance):
        a = content.movedim(axis, 1)
        y = F.instance_norm(a[:, :first], None, None, gamma[:first], beta[:first], True, 0.1, 1e-5)
        if training:
            # Nobody reads those of the first half, but they move with the others.
            F.batch_norm(a[:, :first].detach(), moving_mean[:first], moving_variance[:first], None, None, True, 0.1)
        # The batch half alone; torch changes these views in place.
        statistics = [moving_mean[first:], moving_variance[first:], gamma[first:], beta[first:]]
        z = F.batch_norm(a[:, first:], *statistics, training, 0.1, 1e-5)
        return torch.cat([y, z], 1).movedim(1, axis)

    return run


for note, shape, axis, first, options in (
    ("", [3, 4, 5, 7], -1, 3, {}),
    ("channels first", [3, 4, 9, 7], 1, 2, {}),
    ("a quarter", [3, 4, 5, 8], -1, 2, {"ratio": 0.25}),
):
    channels = shape[axis]
    weights, moving = [gamma(channels), x(channels)], [x(channels), gamma(channels)]
    for training in (True, False):
        reference, all_options = instance_batch(axis, first, training), {"axis": axis, **options}
        case("instanceBatchNormalization", all_options, [x(*shape)], reference, weights, moving, training, note=note)


def seeded(specs, seed):
    return [{"seed": seed + i, **spec} for i, spec in enumerate(specs)]


def values_of(specs):
    return [generator.uniform(s["seed"], s["shape"], s["low"], s["high"]).astype(np.float64) for s in specs]


def difference(a, b):
    return float(np.abs(np.asarray(a) - np.asarray(b)).max() / np.abs(np.asarray(b)).max())


def check_with(function, values, y, gradients, dy, limit):
    leaves = [tf.constant(v) for v in values]
    with tf.GradientTape() as tape:
        tape.watch(leaves)
        other = function(*leaves)
    others = tape.gradient(other, leaves, output_gradients=tf.constant(dy))
    for a, b in zip([other, *others], [y, *gradients], strict=True):
        assert difference(a, b) < limit, difference(a, b)


def entry(number, item):
    seed = 200_000 + 100 * number
    inputs, weights = seeded(item["inputs"], seed), seeded(item["weights"], seed + 10)
    moving = seeded(item["moving"], seed + 20)
    leaves = [torch.tensor(v).requires_grad_() for v in values_of(inputs + weights)]
    statistics = [torch.tensor(v) for v in values_of(moving)]
    y = item["reference"](*leaves, *statistics)
    dy = generator.uniform(seed + 99, tuple(y.shape)).astype(np.float64)
    y.backward(torch.tensor(dy))
    gradients = [leaf.grad.numpy() for leaf in leaves]
    if item["check"]:
        # TensorFlow's op for local responses is float32.
        limit = 1e-5 if item["layer"].startswith("local") else 1e-11
        check_with(item["check"], values_of(inputs + weights), y.detach().numpy(), gradients, dy, limit)
    return {
        **{key: item[key] for key in ("layer", "note", "options", "training")},
        "inputs": inputs,
        "weights": weights,
        "moving": moving,
        "dySeed": seed + 99,
        "output": store.tensor(y.detach().numpy()),
        "gradients": [store.tensor(gradient) for gradient in gradients],
        "moved": [store.tensor(value.numpy()) for value in statistics],
    }


def write():
    keras.config.set_floatx("float64")
    store.write("family", {}, cases=[entry(number, item) for number, item in enumerate(CASES)])
