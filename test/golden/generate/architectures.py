"""The networks, their weights and their data, from the generator."""

import math

import numpy as np

import generator

STEPS, EPSILON, MOMENTUM = 20, 1e-3, 0.99
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
NORM = ["batchNormalization", {"zeroDebias": False}]


def tutorial(first, second, units):
    conv = lambda filters: ["conv2d", {"filters": filters, "kernelSize": 3, "activation": "relu"}]
    return [
        conv(first),
        NORM,
        conv(second),
        NORM,
        ["maxPooling2d", {"poolSize": 2}],
        ["flatten", {}],
        ["dense", {"units": units, "activation": "relu"}],
        NORM,
        ["dense", {"units": 10, "activation": "softmax"}],
    ]


def smooth_conv(filters):
    """Without a bias, which the normalization after it would cancel: Adam would follow its rounding noise."""
    return [
        ["conv2d", {"filters": filters, "kernelSize": 3, "useBias": False}],
        NORM,
        ["activation", {"activation": "tanh"}],
    ]


NETWORKS = {
    "smooth": {
        "seed": 1000,
        "learningRate": 1e-3,
        "batch": 16,
        "classes": 5,
        "inputShape": [12, 10, 2],
        "layers": [
            *smooth_conv(6),
            ["averagePooling2d", {"poolSize": 2}],
            *smooth_conv(8),
            ["flatten", {}],
            ["dense", {"units": 12, "activation": "tanh"}],
            NORM,
            ["dense", {"units": 5, "activation": "softmax"}],
        ],
        "samples": 32768,
    },
    "small": {
        "seed": 4000,
        "learningRate": 1e-4,
        "batch": 16,
        "classes": 10,
        "inputShape": [28, 28, 1],
        "layers": tutorial(4, 8, 16),
        "samples": 32768,
    },
    "tutorial": {
        "seed": 67000,
        "learningRate": 1e-5,
        "batch": 128,
        "classes": 10,
        "inputShape": [28, 28, 1],
        "layers": tutorial(32, 64, 128),
        "samples": 2048,
    },
}


def initial_weights(network):
    """Kernels uniform within Glorot's limit, biases in [-0.1, 0], beta in [-0.1, 0.1], gamma in [0.5, 1.5].

    In Keras's order, moving mean 0 and variance 1; tensor i has the seed of the network + i. [(name, values), ...].
    """
    weights, shape = [], network["inputShape"]
    add = lambda name, values: weights.append((f"{number} {kind} {name}", values))
    draw = lambda shape, low, high: generator.uniform(network["seed"] + len(weights), shape, low, high)
    for number, (kind, config) in enumerate(network["layers"]):
        if kind in ("conv2d", "dense"):
            units = config.get("filters") or config["units"]
            size = config.get("kernelSize", 1)
            kernel = [size, size, shape[-1], units] if kind == "conv2d" else [shape[0], units]
            limit = math.sqrt(6 / (size * size * (shape[-1] + units)))
            add("kernel", draw(kernel, -limit, limit))
            if config.get("useBias", True):
                add("bias", draw([units], -0.1, 0.0))
            shape = [*(n - size + 1 for n in shape[:-1]), units] if kind == "conv2d" else [units]
        elif kind == "batchNormalization":
            add("gamma", draw([shape[-1]], 0.5, 1.5))
            add("beta", draw([shape[-1]], -0.1, 0.1))
            add("moving_mean", np.zeros(shape[-1], np.float32))
            add("moving_variance", np.ones(shape[-1], np.float32))
        elif kind.endswith("Pooling2d"):
            shape = [shape[0] // 2, shape[1] // 2, shape[2]]
        elif kind == "flatten":
            shape = [math.prod(shape)]
    return weights


def batch(network, step):
    x, classes_of = generator.images(
        network["seed"] + 500, step * network["batch"], network["batch"], network["inputShape"], network["classes"]
    )
    return x, np.eye(network["classes"], dtype=np.float32)[classes_of]


def is_statistic(name):
    return "moving" in name
