"""`python peers.py FOLDER`: Keras on TensorFlow and PyTorch normalize, in float32, what main.ts has put into FOLDER."""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
import torch
from keras import layers
from torch.nn import functional as F

FOLDER = sys.argv[1]


def keras_outputs(case, x, dy, gamma, beta):
    epsilon = case["epsilon"]
    layer = {
        "batch": lambda: layers.BatchNormalization(epsilon=epsilon, momentum=0.0),
        "layer": lambda: layers.LayerNormalization(epsilon=epsilon),
        "rms": lambda: layers.RMSNormalization(epsilon=epsilon),
        "group": lambda: layers.GroupNormalization(case["groups"], epsilon=epsilon),
        "instance": lambda: layers.GroupNormalization(-1, epsilon=epsilon),
    }[case["norm"]]()
    layer.build(x.shape)
    weights = layer.get_weights()
    layer.set_weights([gamma, beta, *weights[2:]][: len(weights)])
    training = {"training": True} if case["norm"] == "batch" else {}
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = layer(inputs, **training)
    outputs = {"y": y.numpy(), "dx": tape.gradient(y, inputs, tf.constant(dy)).numpy()}
    # With momentum 0 the moving variance is the batch's.
    return {**outputs, **({"variance": layer.get_weights()[3]} if training else {})}


def torch_outputs(case, x, dy, gamma, beta):
    norm, epsilon = case["norm"], case["epsilon"]
    inputs = torch.from_numpy(x).requires_grad_()
    g, b = torch.from_numpy(gamma), torch.from_numpy(beta)
    variance = torch.ones(x.shape[-1])
    if norm == "batch":
        # With momentum 1 the running variance is the batch's.
        y = F.batch_norm(inputs, torch.zeros(x.shape[-1]), variance, g, b, training=True, momentum=1.0, eps=epsilon)
    elif norm == "layer":
        y = F.layer_norm(inputs, g.shape, g, b, eps=epsilon)
    elif norm == "rms":
        y = F.rms_norm(inputs, g.shape, g, eps=epsilon)
    else:
        channels_first = inputs.transpose(1, 2).contiguous()
        if norm == "group":
            y = F.group_norm(channels_first, case["groups"], g, b, eps=epsilon)
        else:
            y = F.instance_norm(channels_first, weight=g, bias=b, eps=epsilon)
        y = y.transpose(1, 2)
    (dx,) = torch.autograd.grad(y, inputs, torch.from_numpy(dy))
    outputs = {"y": y.detach().numpy(), "dx": dx.numpy()}
    if norm == "batch":
        # It stores the unbiased one.
        outputs["variance"] = variance.numpy().astype(np.float64) * (len(x) - 1) / len(x)
    return outputs


def main():
    with open(os.path.join(FOLDER, "cases.json")) as file:
        cases = json.load(file)
    for i, case in enumerate(cases):
        read = lambda name: np.fromfile(os.path.join(FOLDER, f"{i}.{name}"), np.float32)
        arrays = [read("x").reshape(case["shape"]), read("dy").reshape(case["shape"]), read("gamma"), read("beta")]
        for peer, compute in (("keras", keras_outputs), ("torch", torch_outputs)):
            for name, values in compute(case, *arrays).items():
                np.ascontiguousarray(values, np.float32).tofile(os.path.join(FOLDER, f"{i}.{peer}.{name}"))
    versions = {
        "keras": f"Keras {keras.__version__} on TensorFlow {tf.__version__}",
        "torch": f"PyTorch {torch.__version__.split('+')[0]}",
    }
    print(json.dumps(versions))


main()
