"""Regularizers and constraints: formulas that Keras must agree with in float64, and a network trained with them."""

import json
import math

import keras
import numpy as np
import tensorflow as tf
import torch

import generator
import store

SEED, BATCH, STEPS, LEARNING_RATE, MOMENTUM = 90_000, 8, 10, 0.0625, 0.5


def snake(options):
    names = {"maxValue": "max_value", "minValue": "min_value"}
    return {names.get(key, key): value for key, value in options.items()}


def penalty(name, w, l1=0.0, l2=0.0, factor=0.01, mode="rows"):
    if name != "OrthogonalRegularizer":
        return l1 * w.abs().sum() + l2 * w.square().sum()
    rows = w if mode == "rows" else w.T
    rows = rows / rows.norm(dim=1, keepdim=True)
    cosines = torch.triu(rows @ rows.T, diagonal=1)
    return factor * cosines.abs().sum() / (len(rows) * (len(rows) - 1) / 2)


def regularizer(name, **options):
    """Keras's. It rounds factors to float32, so those here are exact in it; and one of them stays float32."""
    result = getattr(keras.regularizers, name)(**options)
    if name == "OrthogonalRegularizer":
        result.factor = tf.cast(result.factor, tf.float64)
    return result


PENALTIES = [
    ("L1", {"l1": 0.0078125}, (4, 3)),
    ("L1", {"l1": 0.25}, (3, 3, 2, 4)),
    ("L2", {"l2": 0.0078125}, (5,)),
    ("L2", {"l2": 0.25}, (3, 3, 2, 4)),
    ("L1L2", {"l1": 0.125, "l2": 0.1875}, (4, 3)),
    ("L1L2", {"l1": 0.125}, (4, 3)),
    ("L1L2", {"l2": 0.1875}, (4, 3)),
    ("OrthogonalRegularizer", {"factor": 0.125}, (4, 3)),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}, (4, 3)),
]


def penalties():
    for number, (name, options, shape) in enumerate(PENALTIES):
        values = generator.uniform(SEED + number, shape).astype(np.float64)
        leaf = torch.tensor(values, requires_grad=True)
        value = penalty(name, leaf, **options)
        value.backward()
        with tf.GradientTape() as tape:
            keras_leaf = tf.constant(values)
            tape.watch(keras_leaf)
            keras_value = regularizer(name, **options)(keras_leaf)
        for a, b in ((keras_value, value.detach()), (tape.gradient(keras_value, keras_leaf), leaf.grad)):
            assert np.abs(np.asarray(a) - np.asarray(b)).max() <= 1e-12 * np.abs(np.asarray(b)).max(), (name, options)
        yield {
            "regularizer": name,
            "options": options,
            "seed": SEED + number,
            "value": value.item(),
            "gradient": store.tensor(leaf.grad),
        }


def projection(name, w, maxValue=None, minValue=0.0, rate=1.0, axis=0):
    if name == "NonNeg":
        return np.where(w > 0, w, 0)
    axes = tuple(axis) if isinstance(axis, list) else axis
    norm = np.linalg.norm(w, axis=axes, keepdims=True) if w.ndim < 3 else np.sqrt((w * w).sum(axes, keepdims=True))
    largest = {"MaxNorm": 2.0, "MinMaxNorm": 1.0, "UnitNorm": 1.0}[name] if maxValue is None else maxValue
    wanted = {"MaxNorm": np.minimum(norm, largest), "UnitNorm": 1.0}.get(name)
    if wanted is None:
        wanted = rate * np.clip(norm, minValue, largest) + (1 - rate) * norm
    return w * wanted / (norm + 1e-7)


PROJECTIONS = [
    ("MaxNorm", {}, (9, 3)),
    ("MaxNorm", {"maxValue": 0.5, "axis": 1}, (4, 3)),
    ("MaxNorm", {"maxValue": 1.5, "axis": [0, 1, 2]}, (3, 3, 2, 4)),
    ("NonNeg", {}, (4, 3)),
    ("UnitNorm", {}, (5,)),
    ("UnitNorm", {"axis": [0, 1]}, (3, 3, 2, 4)),
    ("MinMaxNorm", {}, (4, 3)),
    ("MinMaxNorm", {"minValue": 1.4, "maxValue": 2}, (4, 3)),
    ("MinMaxNorm", {"minValue": 0.2, "maxValue": 0.8, "rate": 0.25, "axis": 1}, (4, 3)),
]


def projections():
    for number, (name, options, shape) in enumerate(PROJECTIONS):
        seed = SEED + 100 + number
        w = generator.uniform(seed, shape).astype(np.float64)
        result = projection(name, w, **options)
        difference = np.abs(np.asarray(getattr(keras.constraints, name)(**snake(options))(w)) - result).max()
        assert difference <= 1e-12, (name, options, difference)
        yield {"constraint": name, "options": options, "seed": seed, "result": store.tensor(result)}


def network():
    """Every weight of it has a penalty or a constraint, or both."""
    norm, layers = keras.constraints, keras.layers
    affine = {"gamma_regularizer": regularizer("L2", l2=0.046875), "beta_regularizer": regularizer("L1", l1=0.015625)}
    affine["gamma_constraint"] = norm.NonNeg()
    # The bias of a convolution before a batch normalization is moved by its penalty alone.
    model = keras.Sequential(
        [
            keras.Input((6, 5, 2)),
            layers.Conv2D(
                4,
                3,
                kernel_regularizer=regularizer("L1L2", l1=0.015625, l2=0.03125),
                bias_regularizer=regularizer("L2", l2=0.125),
                kernel_constraint=norm.MaxNorm(0.9, axis=[0, 1, 2]),
            ),
            layers.BatchNormalization(**affine, beta_constraint=norm.MinMaxNorm(0.1, 0.15, rate=0.5)),
            layers.Activation("tanh"),
            layers.DepthwiseConv2D(
                2,
                depthwise_regularizer=regularizer("L2", l2=0.03125),
                bias_constraint=norm.MaxNorm(0.05),
                depthwise_constraint=norm.UnitNorm(axis=[0, 1]),
            ),
            layers.GroupNormalization(2, **affine),
            layers.Flatten(),
            layers.LayerNormalization(**affine, beta_constraint="max_norm"),
            layers.Dense(
                3,
                activation="softmax",
                kernel_regularizer=regularizer("OrthogonalRegularizer", factor=0.1875, mode="columns"),
                bias_regularizer=regularizer("L2", l2=0.25),
                kernel_constraint="max_norm",
                bias_constraint=norm.MinMaxNorm(0.2, 0.3),
            ),
        ]
    )
    # Exact in float32, in which Keras keeps it.
    optimizer = keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
    model.compile(optimizer, loss="categorical_crossentropy")
    return model


def train():
    model = network()
    fixed = lambda v: v.name.startswith("moving")
    model.set_weights(
        [
            v.numpy() if fixed(v) else generator.uniform(SEED + 200 + i, v.shape, *limits(v))
            for i, v in enumerate(model.weights)
        ]
    )
    losses = []
    for step in range(STEPS):
        model.reset_metrics()  # else train_on_batch returns the mean of all steps so far
        losses.append(float(model.train_on_batch(*batch(step))))
    x, y = batch(STEPS)
    evaluated = float(model.evaluate(x, y, batch_size=3, verbose=0))
    weights = [{"name": v.path.split("/")[-1], **store.tensor(v.numpy())} for v in model.weights]
    config = json.loads(model.to_json().replace("float64", "float32"))
    # A frozen layer has no penalty.
    model.layers[0].trainable = False
    model.compile(model.optimizer, loss="categorical_crossentropy")
    return {
        "model": config,
        "seed": SEED + 200,
        "batch": BATCH,
        "losses": losses,
        "evaluated": evaluated,
        "frozen": float(model.evaluate(x, y, batch_size=3, verbose=0)),
    }, weights


def limits(variable):
    if variable.name == "gamma":
        return -0.3, 1.2
    return (-0.6, 0.6) if variable.name == "kernel" else (-0.3, 0.3)


def batch(step):
    seed = SEED + 300 + step
    y = np.eye(3)[generator.labels(seed, 0, BATCH, 3)]
    return generator.uniform(seed, (BATCH, 6, 5, 2)).astype(np.float64), y


def write():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    training, weights = train()
    assert all(math.isfinite(loss) for loss in training["losses"])
    store.write("weights", {"training": training}, regularizers=penalties(), constraints=projections(), weights=weights)
