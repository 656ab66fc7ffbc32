"""Layers with a normalized kernel: PyTorch's parametrizations in float64, and weight standardization by its formula."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils import parametrizations

import generator
import store

# Keras's layout of a kernel, and how it becomes PyTorch's weight and comes back.
LAYERS = {
    "dense": {"options": {"units": 4}, "x": [6, 5], "kernel": [5, 4]},
    "conv2d": {
        "options": {"filters": 5, "kernelSize": [3, 2], "strides": [2, 1]},
        "x": [2, 7, 5, 3],
        "kernel": [3, 2, 3, 5],
    },
    "groups": {
        "factory": "conv2d",
        "options": {"filters": 6, "kernelSize": 2, "groups": 2, "padding": "valid"},
        "x": [2, 5, 4, 4],
        "kernel": [2, 2, 2, 6],
    },
    "depthwiseConv2d": {"options": {"kernelSize": 3, "depthMultiplier": 2}, "x": [2, 5, 6, 3], "kernel": [3, 3, 3, 2]},
}
KINDS = (
    {"type": "weight"},
    {"type": "standardized"},
    {"type": "standardized", "epsilon": 0.1},
    {"type": "standardized", "epsilonOutside": True},
    {"type": "spectral"},
    {"type": "spectral", "powerIterations": 3},
)


def weight_of(name, kernel):
    """[outputs, ...], the outputs first; columns of our [fanIn, outputs] are its rows in another order of elements."""
    if name == "dense":
        return kernel.T
    if name == "depthwiseConv2d":
        return kernel.permute(2, 3, 0, 1).flatten(0, 1).unsqueeze(1)
    return kernel.permute(3, 2, 0, 1)


def rows_of(name, row, kernel_shape):
    """One value for each element of a filter, in our order, in PyTorch's."""
    if name in ("dense", "depthwiseConv2d"):
        return row
    return row.reshape(kernel_shape[:3]).permute(2, 0, 1).flatten()


def rows_back(name, row, kernel_shape):
    if name in ("dense", "depthwiseConv2d"):
        return row
    height, width, channels, _ = kernel_shape
    return row.reshape(channels, height, width).permute(1, 2, 0).flatten()


def product(name, x, weight, bias):
    if name == "dense":
        return F.linear(x, weight, bias)
    groups = {"groups": 2, "depthwiseConv2d": x.shape[-1]}.get(name, 1)
    strides = LAYERS[name]["options"].get("strides", 1)
    y = F.conv2d(x.permute(0, 3, 1, 2), weight, bias, stride=strides, groups=groups)
    return y.permute(0, 2, 3, 1)


class Holder(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(weight.detach().clone())


class Using(torch.nn.Module):
    """The normalized weight of a holder, as a function of its parameters."""

    def __init__(self, holder):
        super().__init__()
        self.holder = holder

    def forward(self):
        return self.holder.weight


def normalized(holder, parameters):
    names = {f"holder.parametrizations.weight.{name}": value for name, value in parameters.items()}
    return torch.func.functional_call(Using(holder), names, ())


def weight_norm(weight, g):
    holder = parametrizations.weight_norm(Holder(weight), dim=0)
    shape = holder.parametrizations.weight.original0.shape
    return normalized(holder, {"original0": g.reshape(shape), "original1": weight})


def spectral_norm(weight, u, v, iterations):
    holder = parametrizations.spectral_norm(Holder(weight), n_power_iterations=iterations, dim=0)
    inner = holder.parametrizations.weight[0]
    assert inner.eps == 1e-12
    inner._u.copy_(u)
    inner._v.copy_(v)
    return normalized(holder.train(), {"original": weight}), inner._u.clone(), inner._v.clone()


def standardized(weight, epsilon=1e-5, epsilonOutside=False):
    rows = weight.flatten(1)
    centred = rows - rows.mean(1, keepdim=True)
    if epsilonOutside:
        return (centred / (rows.std(1, keepdim=True) + epsilon)).reshape(weight.shape)
    return (centred / (rows.var(1, keepdim=True, correction=0) + epsilon).sqrt()).reshape(weight.shape)


def values(number, layer, kind):
    outputs = int(np.prod(layer["kernel"][2:])) if "depthMultiplier" in layer["options"] else layer["kernel"][-1]
    shapes = {"x": layer["x"], "kernel": layer["kernel"], "bias": [outputs]}
    if kind == "weight":
        shapes["g"] = [outputs]
    if kind == "spectral":
        shapes |= {"vector_u": [outputs], "vector_v": [int(np.prod(layer["kernel"])) // outputs]}
    return {
        name: torch.tensor(generator.uniform(100 * number + i, shape).astype(np.float64))
        for i, (name, shape) in enumerate(shapes.items())
    }


def unit(vector):
    return vector / vector.norm()


def entry(number, name, normalization):
    layer = LAYERS[name]
    options = dict(normalization)
    kind = options.pop("type")
    given = values(number, layer, kind)
    leaves = {key: value.requires_grad_() for key, value in given.items() if not key.startswith("vector")}
    weight, after = weight_of(name, leaves["kernel"]), {}
    if kind == "weight":
        weight = weight_norm(weight, leaves["g"])
    elif kind == "standardized":
        weight = standardized(weight, **options)
    else:
        v = rows_of(name, unit(given["vector_v"]), layer["kernel"])
        weight, u, v = spectral_norm(weight, unit(given["vector_u"]), v, options.get("powerIterations", 1))
        after = {"vector_u": u, "vector_v": rows_back(name, v, layer["kernel"])}
    y = product(name, leaves["x"], weight, leaves["bias"])
    dy = generator.uniform(100 * number + 99, tuple(y.shape)).astype(np.float64)
    y.backward(torch.tensor(dy))
    return {
        "layer": layer.get("factory", name),
        "options": layer["options"],
        "kernelNormalization": normalization,
        "seed": 100 * number,
        "xShape": layer["x"],
        "y": store.tensor(y.detach()),
        "gradients": {key: store.tensor(leaf.grad) for key, leaf in leaves.items()},
        "after": {key: store.tensor(value) for key, value in after.items()},
    }


def write():
    cases = [(name, kind) for name in LAYERS for kind in KINDS]
    store.write("kernel-norms", {}, cases=[entry(number, *case) for number, case in enumerate(cases)])
