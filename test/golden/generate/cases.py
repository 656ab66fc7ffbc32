"""The cases of all other ops."""

import itertools

import keras
import torch
import torch.nn.functional as F

from case import case, indices, x

K = keras.ops

# Products.

for (ta, tb), (m, k, n) in itertools.product(itertools.product((False, True), repeat=2), ((5, 7, 3), (17, 33, 19))):
    f = lambda a, b, ta=ta, tb=tb: (a.T if ta else a) @ (b.T if tb else b)
    g = lambda a, b, ta=ta, tb=tb: K.matmul(K.transpose(a) if ta else a, K.transpose(b) if tb else b)
    case("matMul", [ta, tb], [x(*([k, m] if ta else [m, k])), x(*([n, k] if tb else [k, n]))], f, g, f"{m}x{k}x{n}")
case("matMul", [False, False], [x(1, 9), x(9, 1)], torch.matmul, K.matmul, "to one value")
case("matMul", [False, False], [x(6, 1), x(1, 5)], torch.matmul, K.matmul, "outer product")
case(
    "matMul",
    [False, True],
    [x(3, 4, 6), x(3, 5, 6)],
    lambda a, b: a @ b.mT,
    lambda a, b: K.matmul(a, K.swapaxes(b, 1, 2)),
    "a batch",
)

# Element by element.

for op, f, g, low, high in (
    ("neg", torch.neg, K.negative, -2, 2),
    ("abs", torch.abs, K.abs, -2, 2),
    ("square", torch.square, K.square, -2, 2),
    ("sqrt", torch.sqrt, K.sqrt, 0.05, 4),
    ("exp", torch.exp, K.exp, -4, 4),
    ("log", torch.log, K.log, 0.05, 4),
    ("relu", torch.relu, K.relu, -2, 2),
    ("tanh", torch.tanh, K.tanh, -4, 4),
    ("sigmoid", torch.sigmoid, K.sigmoid, -8, 8),
    ("reciprocal", torch.reciprocal, K.reciprocal, 0.25, 4),
    ("rsqrt", torch.rsqrt, K.rsqrt, 0.05, 4),
    ("erf", torch.erf, K.erf, -3, 3),
    ("softplus", F.softplus, K.softplus, -20, 20),
):
    case(op, [], [x(7, 19, low=low, high=high)], f, g)
case("tanh", [], [x(67, low=-0.01, high=0.01)], torch.tanh, K.tanh, "near 0")
case("exp", [], [x(67, low=-80, high=-60)], torch.exp, K.exp, "tiny")

SHAPES = (([4, 5], [4, 5]), ([2, 3, 5], [5]), ([2, 3, 5], [3, 1]), ([4, 1, 3], [1, 6, 1]), ([3, 4], []), ([1], [2, 7]))
for op, f, g in (
    ("add", torch.add, K.add),
    ("sub", torch.sub, K.subtract),
    ("mul", torch.mul, K.multiply),
    ("div", torch.div, K.divide),
    ("maximum", torch.maximum, K.maximum),
    ("minimum", torch.minimum, K.minimum),
    ("squaredDifference", lambda a, b: (a - b) ** 2, lambda a, b: K.square(a - b)),
    ("pow", torch.pow, K.power),
):
    for a, b in SHAPES:
        low = (
            0.5 if op in ("div", "pow") else -1.0
        )  # a divisor or a base near 0 would only test that the others are small
        case(op, [], [x(*a, low=low, high=2.0), x(*b, low=low, high=2.0)], f, g, f"{a} and {b}")

# Along axes.

for axis in (-1, 0):
    case(
        "softmax",
        [axis],
        [x(6, 10, low=-5, high=5)],
        lambda a, d=axis: F.softmax(a, d),
        lambda a, d=axis: K.softmax(a, d),
    )
    case(
        "logSoftmax",
        [axis],
        [x(6, 10, low=-5, high=5)],
        lambda a, d=axis: F.log_softmax(a, d),
        lambda a, d=axis: K.log_softmax(a, d),
    )
case(
    "softmax", [1], [x(2, 7, 5, low=-5, high=5)], lambda a: F.softmax(a, 1), lambda a: K.softmax(a, 1), "a middle axis"
)
case(
    "softmax",
    [-1],
    [x(3, 17, low=1000, high=1004)],
    lambda a: F.softmax(a, -1),
    lambda a: K.softmax(a, -1),
    "large values",
)

for axis, keep in (
    (None, False),
    (0, False),
    (-1, False),
    (1, True),
    ([0, 2], False),
    ([1, 2], True),
    ([0, 1, 2], False),
):
    all_axes = axis if axis is not None else [0, 1, 2]
    case(
        "sum",
        [axis, keep],
        [x(4, 5, 6)],
        lambda a, d=all_axes, k=keep: a.sum(d, keepdim=k),
        lambda a, d=axis, k=keep: K.sum(a, d, k),
    )
    case(
        "mean",
        [axis, keep],
        [x(4, 5, 6)],
        lambda a, d=all_axes, k=keep: a.mean(d, keepdim=k),
        lambda a, d=axis, k=keep: K.mean(a, d, k),
    )
    case(
        "max",
        [axis, keep],
        [x(4, 5, 6)],
        lambda a, d=all_axes, k=keep: a.amax(d, keepdim=k),
        lambda a, d=axis, k=keep: K.max(a, d, k),
    )
    case(
        "min",
        [axis, keep],
        [x(4, 5, 6)],
        lambda a, d=all_axes, k=keep: a.amin(d, keepdim=k),
        lambda a, d=axis, k=keep: K.min(a, d, k),
    )
case("mean", [None, False], [x(1000, low=1e4, high=1e4 + 1)], torch.mean, K.mean, "large offset")
case("sum", [0, False], [x(300, 3)], lambda a: a.sum(0), lambda a: K.sum(a, 0), "a long column")

# Moving values.

case("transpose", [[1, 0]], [x(5, 7)], lambda a: a.T, lambda a: K.transpose(a, [1, 0]))
case("transpose", [[2, 0, 1]], [x(3, 4, 5)], lambda a: a.permute(2, 0, 1), lambda a: K.transpose(a, [2, 0, 1]))
case(
    "transpose",
    [[0, 3, 1, 2]],
    [x(2, 3, 4, 5)],
    lambda a: a.permute(0, 3, 1, 2),
    lambda a: K.transpose(a, [0, 3, 1, 2]),
)
case("reshape", [[6, 10]], [x(3, 4, 5)], lambda a: a.reshape(6, 10), lambda a: K.reshape(a, [6, 10]))
case("slice", [[1, 0, 2], [2, 4, 3]], [x(4, 4, 6)], lambda a: a[1:3, 0:4, 2:5], lambda a: a[1:3, 0:4, 2:5])
case("slice", [[2], [3]], [x(6, 3)], lambda a: a[2:5], lambda a: a[2:5], "the first axis alone")
for axis in (0, 1, 2):
    shapes = [[2, 3, 4][:axis] + [n] + [2, 3, 4][axis + 1 :] for n in (3, 1, 5)]
    case(
        "concat",
        [axis],
        [x(*s) for s in shapes],
        lambda *a, d=axis: torch.cat(a, d),
        lambda *a, d=axis: K.concatenate(a, d),
    )
case("pad", [[[1, 2], [0, 3]]], [x(4, 3)], lambda a: F.pad(a, (0, 3, 1, 2)), lambda a: K.pad(a, [[1, 2], [0, 3]]))
case(
    "pad",
    [[[0, 0], [2, 1], [1, 0]], 0.5],
    [x(2, 3, 4)],
    lambda a: F.pad(a, (1, 0, 2, 1), value=0.5),
    lambda a: K.pad(a, [[0, 0], [2, 1], [1, 0]], constant_values=0.5),
)
case(
    "gather",
    [],
    [x(5, 4), indices(4, 0, 2, 2, 1, 4, 4)],
    lambda a, i: a[i],
    lambda a, i: K.take(a, i, 0),
    "rows, repeated",
)
case(
    "gather",
    [1],
    [x(3, 5, 2), indices(0, 3, 3)],
    lambda a, i: a[:, i],
    lambda a, i: K.take(a, i, 1),
    "columns, repeated",
)

# Losses and normalization.


def cross_entropy(targets, logits):
    return -(targets * F.log_softmax(logits, 1)).sum(1)


def keras_cross_entropy(targets, logits):
    return -K.sum(targets * K.log_softmax(logits), -1)


case(
    "softmaxCrossEntropy",
    [],
    [{**x(9, 10, low=0, high=0.2), "constant": True}, x(9, 10, low=-6, high=6)],
    cross_entropy,
    keras_cross_entropy,
    "targets that don't sum to 1",
)
case(
    "softmaxCrossEntropy",
    [],
    [{**x(5, 7, low=0, high=0.3), "constant": True}, x(5, 7, low=-300, high=300)],
    cross_entropy,
    keras_cross_entropy,
    "large logits",
)


def torch_norm(channel, training, epsilon=1e-3):
    def run(a, gamma, beta, mean=None, variance=None):
        t = a.movedim(channel, 1)
        return F.batch_norm(t, mean, variance, gamma, beta, training, 0.0, epsilon).movedim(1, channel)

    return run


def keras_norm(channel, training, epsilon=1e-3):
    def run(a, gamma, beta, mean=None, variance=None):
        if training:
            mean, variance = K.moments(a, [d for d in range(len(a.shape)) if d != channel % len(a.shape)])
        return K.batch_normalization(a, mean, variance, channel, beta, gamma, epsilon)

    return run


for note, shape, axis, low, high in (
    ("[n, h, w, c]", [4, 5, 6, 7], -1, -2, 3),
    ("[n, c]", [16, 9], -1, -2, 3),
    ("channels first", [3, 6, 5, 4], 1, -2, 3),
    ("three samples", [3, 11], -1, -2, 3),
    ("17 channels", [2, 5, 7, 17], -1, -2, 3),
    ("mean 100", [32, 5], -1, 99, 101),
    ("mean 1e4", [4, 5, 6, 7], -1, 1e4 - 1, 1e4 + 1),
    ("mean 1e4, channels first", [3, 6, 5, 4], 1, 1e4 - 1, 1e4 + 1),
    ("tiny variance", [8, 6], -1, -1e-3, 1e-3),
):
    channels = shape[axis]
    affine = [x(channels, low=0.5, high=1.5), x(channels)]
    case(
        "batchNormalization",
        [{"axis": axis}],
        [x(*shape, low=low, high=high), *affine],
        torch_norm(axis, True),
        keras_norm(axis, True),
        note,
    )
for axis, shape in ((-1, [3, 4, 5, 6]), (1, [3, 6, 4, 5]), (-1, [8, 5])):
    channels = shape[axis]
    fixed = [{**x(channels, low=low, high=2.0), "constant": True} for low in (-1.0, 0.1)]
    case(
        "batchNormalizationInference",
        [{"axis": axis}],
        [x(*shape), x(channels, low=0.5, high=1.5), x(channels), *fixed],
        torch_norm(axis, False),
        keras_norm(axis, False),
    )
