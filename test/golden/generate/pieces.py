"""Losses, metrics, optimizers, initializers: float64 values of formulas that Keras must agree with."""

import math

import keras
import numpy as np
import tensorflow as tf
import torch
import torch.nn.functional as F

import generator
import store

CLASSES = {
    "categoricalCrossentropy": keras.losses.CategoricalCrossentropy,
    "sparseCategoricalCrossentropy": keras.losses.SparseCategoricalCrossentropy,
    "binaryCrossentropy": keras.losses.BinaryCrossentropy,
    "meanSquaredError": keras.losses.MeanSquaredError,
    "meanAbsoluteError": keras.losses.MeanAbsoluteError,
}
KEYS = {"fromLogits": "from_logits", "labelSmoothing": "label_smoothing"}


def clipped(p):
    return p.clamp(1e-7, 1 - 1e-7)


def categorical(t, p, fromLogits=False, labelSmoothing=0.0):
    t = t * (1 - labelSmoothing) + labelSmoothing / t.shape[-1]
    log_p = F.log_softmax(p, -1) if fromLogits else clipped(p / p.sum(-1, keepdim=True)).log()
    return -(t * log_p).sum(-1).mean()


def sparse(t, p, **options):
    return categorical(F.one_hot(t.long(), p.shape[-1]).double(), p, **options)


def binary(t, p, fromLogits=False, labelSmoothing=0.0):
    t = t * (1 - labelSmoothing) + labelSmoothing / 2
    if fromLogits:
        return (torch.logaddexp(p, torch.zeros_like(p)) - t * p).mean()
    return -(t * clipped(p).log() + (1 - t) * (1 - clipped(p)).log()).mean()


FORMULAS = {
    "categoricalCrossentropy": categorical,
    "sparseCategoricalCrossentropy": sparse,
    "binaryCrossentropy": binary,
    "meanSquaredError": lambda t, p: (t - p).square().mean(),
    "meanAbsoluteError": lambda t, p: (t - p).abs().mean(),
}


def loss_case(name, options, targets, predictions, note=""):
    """Targets and predictions are float32 values, given to all sides exactly."""
    t = np.asarray(targets)
    p = np.asarray(predictions, np.float32).astype(np.float64)
    leaf = torch.tensor(p, requires_grad=True)
    value = FORMULAS[name](torch.tensor(t.astype(np.float64)), leaf, **options)
    value.backward()
    with tf.GradientTape() as tape:
        keras_leaf = tf.constant(p)
        tape.watch(keras_leaf)
        keras_value = CLASSES[name](**{KEYS[k]: v for k, v in options.items()})(t, keras_leaf)
    for a, b in ((keras_value, value.detach()), (tape.gradient(keras_value, keras_leaf), leaf.grad)):
        assert np.abs(np.asarray(a) - np.asarray(b)).max() <= 1e-12 * np.abs(np.asarray(b)).max(), (name, options, note)
    return {
        "loss": name,
        "options": options,
        "note": note,
        "targets": t.tolist(),
        "targetType": "int32" if t.dtype == np.int64 else "float32",
        "predictions": store.tensor(p),
        "value": value.item(),
        "gradient": store.tensor(leaf.grad),
    }


def losses():
    labels = generator.labels(1, 0, 8, 5)
    one_hot = np.eye(5)[labels]
    logits = generator.uniform(2, (8, 5), -6, 6)
    probabilities = F.softmax(torch.tensor(logits), -1).numpy()
    unnormalized = generator.uniform(3, (8, 5), 0.05, 0.95)
    certain = np.eye(5, dtype=np.float32)[[*labels[:4], *(labels[4:] + 1) % 5]]
    bits = (generator.hashes(4, 32) % np.uint64(2)).astype(np.float64).reshape(8, 4)
    shares = generator.uniform(5, (8, 4), 0.01, 0.99)
    for name, targets in (("categoricalCrossentropy", one_hot), ("sparseCategoricalCrossentropy", labels)):
        yield loss_case(name, {}, targets, probabilities)
        yield loss_case(name, {}, targets, unnormalized, "predictions that don't sum to 1")
        yield loss_case(name, {"fromLogits": True}, targets, logits)
        yield loss_case(name, {"fromLogits": True}, targets, 50 * logits, "large logits")
    yield loss_case("categoricalCrossentropy", {}, one_hot, certain, "certain, right and wrong")
    for options in ({"labelSmoothing": 0.1}, {"fromLogits": True, "labelSmoothing": 0.25}):
        yield loss_case(
            "categoricalCrossentropy", options, one_hot, logits if "fromLogits" in options else probabilities
        )
    yield loss_case("binaryCrossentropy", {}, bits, shares)
    yield loss_case("binaryCrossentropy", {"labelSmoothing": 0.2}, bits, shares)
    yield loss_case("binaryCrossentropy", {"fromLogits": True}, bits, generator.uniform(6, (8, 4), -30, 30))
    for name in ("meanSquaredError", "meanAbsoluteError"):
        yield loss_case(
            name, {}, generator.uniform(7, (6, 3), -2, 2).astype(np.float64), generator.uniform(8, (6, 3), -2, 2)
        )


def metrics():
    """16 samples, so that every share is exact."""
    p = generator.uniform(11, (16, 4), 0, 1)
    labels = np.where(generator.hashes(12, 16) % np.uint64(3) == 0, generator.labels(13, 0, 16, 4), p.argmax(1))
    bits = (generator.hashes(14, 16) % np.uint64(2)).astype(np.int64)[:, None]
    shares = np.concatenate([[0.5], generator.uniform(15, (15,), 0, 1)]).astype(np.float32)[:, None]
    one_hot = np.eye(4)[labels]
    for name, metric, t, q in (
        ("categoricalAccuracy", keras.metrics.CategoricalAccuracy(), one_hot, p),
        ("sparseCategoricalAccuracy", keras.metrics.SparseCategoricalAccuracy(), labels, p),
        ("sparseCategoricalAccuracy", keras.metrics.SparseCategoricalAccuracy(), labels[:, None], p),
        ("binaryAccuracy", keras.metrics.BinaryAccuracy(), bits, shares),
    ):
        metric.update_state(t, q)
        entry = {
            "targets": t.tolist(),
            "targetType": "float32" if t.dtype == np.float64 else "int32",
            "predictions": store.tensor(q),
            "value": float(metric.result()),
        }
        yield {"metric": name, **entry}
        yield {"metric": "accuracy", **entry}


def powers(beta, step):
    return float(np.float32(beta)) ** step  # Keras computes beta^t from the float32 beta, in float64 too


def trajectory(name, options, power):
    """Ten steps down a quadratic, sum a/2 (p - c)^2, with the formula of Keras's optimizer."""
    p, c = (generator.uniform(seed, (4,)).astype(np.float64) for seed in (21, 22))
    a, m, v, path = np.array([0.5, 1.0, 2.0, 4.0]), 0.0, 0.0, []
    for step in range(1, 11):
        g = a * (p - c)
        if name == "adam":
            o = {"learningRate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7} | options
            m, v = m + (g - m) * (1 - o["beta1"]), v + (g * g - v) * (1 - o["beta2"])
            alpha = o["learningRate"] * math.sqrt(1 - power(o["beta2"], step)) / (1 - power(o["beta1"], step))
            p = p - m * alpha / (np.sqrt(v) + o["epsilon"])
        else:
            o = {"learningRate": 0.01, "momentum": 0.0, "nesterov": False} | options
            m = o["momentum"] * m - o["learningRate"] * g
            p = p + (o["momentum"] * m - o["learningRate"] * g if o["nesterov"] else m)
        path.append(p)
    return np.array(path)


def keras_trajectory(name, options):
    snake = {"learningRate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2"}
    optimizer = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[name](
        **{snake.get(k, k): x for k, x in options.items()}
    )
    p, c = (generator.uniform(seed, (4,)).astype(np.float64) for seed in (21, 22))
    variable, path = keras.Variable(p, dtype="float64"), []
    for _ in range(10):
        optimizer.apply([tf.constant(np.array([0.5, 1.0, 2.0, 4.0])) * (variable.value - c)], [variable])
        path.append(variable.numpy())
    return np.array(path)


def optimizers():
    for name, options in (
        ("adam", {}),
        ("adam", {"learningRate": 0.1}),
        ("adam", {"learningRate": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-2}),
        ("sgd", {}),
        ("sgd", {"learningRate": 0.1}),
        ("sgd", {"learningRate": 0.1, "momentum": 0.9}),
        ("sgd", {"learningRate": 0.1, "momentum": 0.9, "nesterov": True}),
    ):
        difference = np.abs(trajectory(name, options, powers) - keras_trajectory(name, options)).max()
        assert difference < 1e-7, (name, options, difference)  # Keras keeps the learning rate and beta in float32
        yield {
            "optimizer": name,
            "options": options,
            "path": store.tensor(trajectory(name, options, lambda beta, step: beta**step)),
        }


def initializers():
    """The largest absolute value and the standard deviation that each may have; Keras's own draws must keep them."""
    for name, scale, mode, normal in (
        ("glorot_uniform", 1, "avg", False),
        ("glorot_normal", 1, "avg", True),
        ("he_uniform", 2, "in", False),
        ("he_normal", 2, "in", True),
        ("lecun_uniform", 1, "in", False),
        ("lecun_normal", 1, "in", True),
    ):
        for shape in ([3, 3, 16, 32], [100, 60]):
            field = math.prod(shape[:-2])
            fan = {"in": shape[-2] * field, "avg": (shape[-2] + shape[-1]) * field / 2}[mode]
            deviation = math.sqrt(scale / fan)
            limit = 2 * deviation / 0.87962566103423978 if normal else math.sqrt(3) * deviation
            drawn = np.asarray(
                keras.initializers.get({"class_name": name, "config": {"seed": 1}})(shape, dtype="float64")
            )
            assert 0.99 * limit < np.abs(drawn).max() <= limit * (1 + 1e-7), (name, shape, np.abs(drawn).max() / limit)
            assert abs(drawn.std() / deviation - 1) < 0.04, (name, shape)
            yield {"initializer": name, "shape": shape, "limit": limit, "deviation": deviation}


def write():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    store.write("pieces", {}, losses=losses(), metrics=metrics(), optimizers=optimizers(), initializers=initializers())
