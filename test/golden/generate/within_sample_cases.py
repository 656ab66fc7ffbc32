"""Layer, RMS, group and instance normalization."""

import keras
import torch
import torch.nn.functional as F

from case import case, x

K = keras.ops


def layer(axes, epsilon, centred=True):
    def run(a, gamma, beta=None):
        shape = [a.shape[d] if d in axes else 1 for d in range(a.dim())]
        mean = a.mean(axes, keepdim=True) if centred else 0
        hat = (a - mean) / ((a - mean).square().mean(axes, keepdim=True) + epsilon).sqrt()
        return hat * gamma.reshape(shape) + (0 if beta is None else beta.reshape(shape))

    return run


def keras_layer(axes, epsilon):
    return lambda a, gamma, beta: K.layer_normalization(a, gamma, beta, axis=axes, epsilon=epsilon)


def keras_rms(axes, epsilon):
    return lambda a, gamma: K.rms_normalization(a, gamma, axis=axes, epsilon=epsilon)


for note, shape, axes, low, high in (
    ("rows", [16, 9], [1], -2, 3),
    ("long rows", [3, 530], [1], -2, 3),
    ("[n, h, w, c]", [4, 5, 6, 7], [3], -2, 3),
    ("three axes", [3, 4, 5, 6], [1, 2, 3], -2, 3),
    ("an inner axis", [2, 4, 5], [1], -2, 3),
    ("axes apart", [3, 4, 5, 6], [1, 3], -2, 3),
    ("mean 1e4", [8, 33], [1], 1e4 - 1, 1e4 + 1),
    ("tiny variance", [8, 6], [1], -1e-3, 1e-3),
):
    sizes = [shape[d] for d in axes]
    affine = [x(*sizes, low=0.5, high=1.5), x(*sizes)]
    inputs = [x(*shape, low=low, high=high), *affine]
    # Keras multiplies with broadcasting from the right, so it takes trailing axes alone.
    trailing = axes == list(range(len(shape) - len(axes), len(shape)))
    check = keras_layer(axes, 1e-3) if trailing else None
    case("layerNorm", [{"axis": axes}], inputs, layer(axes, 1e-3), check, note)
    if low > -1e3 and high < 1e3:
        check = keras_rms(axes, 1e-6) if trailing else None
        case("rmsNorm", [{"axis": axes}], inputs[:2], layer(axes, 1e-6, centred=False), check, note)


def group(groups, axis, epsilon=1e-3):
    def run(a, gamma, beta):
        return F.group_norm(a.movedim(axis, 1), groups, gamma, beta, epsilon).movedim(1, axis)

    return run


def keras_group(groups, axis):
    def run(a, gamma, beta):
        layer = keras.layers.GroupNormalization(groups, axis, dtype="float64")
        layer.build(a.shape)
        # Its call, with these tensors for its variables.
        layer.gamma, layer.beta = gamma, beta
        return layer.call(a)

    return run


for note, shape, groups, axis, low, high in (
    ("[n, h, w, c]", [2, 5, 6, 8], 4, -1, -2, 3),
    ("channels first", [2, 6, 4, 5], 3, 1, -2, 3),
    ("long runs", [2, 4, 9, 9], 2, 1, -2, 3),
    ("one group", [3, 4, 5, 6], 1, -1, -2, 3),
    ("instance normalization", [3, 4, 5, 6], -1, -1, -2, 3),
    ("instance normalization, channels first", [2, 3, 8, 9], -1, 1, -2, 3),
    ("rows", [5, 12], 3, -1, -2, 3),
    ("mean 1e4", [2, 5, 6, 8], 4, -1, 1e4 - 1, 1e4 + 1),
):
    channels = shape[axis]
    inputs = [x(*shape, low=low, high=high), x(channels, low=0.5, high=1.5), x(channels)]
    count = channels if groups == -1 else groups
    # Keras loses half the digits to a large mean.
    check = keras_group(groups, axis) if high < 1e3 else None
    case("groupNorm", [{"groups": groups, "axis": axis}], inputs, group(count, axis), check, note)
