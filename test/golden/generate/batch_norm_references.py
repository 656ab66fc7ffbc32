"""What batch normalization is compared with: the formula in PyTorch, Keras's layer, PyTorch's layer; all in float64."""

import keras
import numpy as np
import tensorflow as tf
import torch

import generator

EPSILON = 1e-3


def axes_of(options, rank):
    axes = options.get("axis", -1)
    return [axis % rank for axis in (axes if isinstance(axes, list) else [axes])]


def moments(x, axes):
    """Mean and biased variance of each channel, to be broadcast with x."""
    others = [d for d in range(x.dim()) if d not in axes]
    if not others:  # to PyTorch an empty list is all axes
        return x, torch.zeros_like(x)
    mean = x.mean(others, keepdim=True)
    return mean, (x - mean).square().mean(others, keepdim=True)


class Average:
    """The rule of running statistics: w <- w m + (1 - m); value <- value + (1 - m) / w (batch - value)."""

    def __init__(self, momentum, debias, *first):
        self.momentum, self.values = momentum, [torch.as_tensor(value) for value in first]
        self.weight, self.batches = (0.0 if debias else 1.0), 0

    def update(self, *batch):
        self.batches += 1
        if self.momentum is None:
            self.weight, rate = 1.0, 1 / self.batches
        else:
            if self.weight < 1:
                self.weight = self.weight * self.momentum + 1 - self.momentum
            rate = (1 - self.momentum) / self.weight
        self.values = [old + rate * (new.detach() - old) for old, new in zip(self.values, batch)]


class Formula:
    """Batch normalization as norms are defined, in PyTorch float64; `options` are evenkeel's."""

    def __init__(self, shape, options, weights):
        self.options, self.axes = options, axes_of(options, len(shape))
        self.epsilon = options.get("epsilon", EPSILON)
        self.sizes = [size if d in self.axes else 1 for d, size in enumerate(shape)]
        self.weights = {name: torch.tensor(value).requires_grad_() for name, value in weights.items()}
        zeros, ones = torch.zeros(self.sizes, dtype=torch.float64), torch.ones(self.sizes, dtype=torch.float64)
        debias = options.get("zeroDebias", True)
        self.running = Average(options.get("momentum", 0.99), debias, zeros, ones)
        self.renorm = Average(options.get("renormMomentum", 0.99), debias, zeros, ones)
        self.deviation = Average(options.get("momentum", 0.99), debias, ones)
        self.reference = None

    def affine(self, extra):
        gamma, beta = self.weights.get("gamma"), self.weights.get("beta")
        condition = self.options.get("condition")
        channels = [size for d, size in enumerate(self.sizes) if d in self.axes]
        if condition is None:
            return [None if w is None else w.reshape(self.sizes) for w in (gamma, beta)]
        if "classes" in condition:
            rows = [w[torch.tensor(extra["condition"])] for w in (gamma, beta)]
        else:
            c = torch.tensor(extra["condition"])
            kernels = [self.weights["gamma_kernel"], self.weights["beta_kernel"]]
            rows = [w + torch.tensordot(c, kernel, 1) for w, kernel in zip((gamma, beta), kernels)]
        assert rows[0].shape[1:] == tuple(channels)
        return [row.reshape([len(row), *self.sizes[1:]]) for row in rows]

    def finish(self, hat, extra):
        gamma, beta = self.affine(extra)
        return (hat if gamma is None else hat * gamma) + (0 if beta is None else beta)

    def normalized(self, x, mean, variance):
        return (x - mean) / (variance + self.epsilon).sqrt()

    def train(self, x, extra):
        if "ghostBatchSize" in self.options:
            ghosts = [self.ghost(part) for part in x.split(self.options["ghostBatchSize"])]
            return self.finish(torch.cat(ghosts), extra)
        if self.options.get("referenceBatch"):
            return self.finish(self.virtual(x), extra)
        if "mask" in extra:
            return self.finish(self.masked(x, torch.tensor(extra["mask"])), extra)
        return self.finish(self.ghost(x), extra)

    def ghost(self, x):
        mean, variance = moments(x, self.axes)
        hat = self.normalized(x, mean, variance)
        if self.options.get("renorm"):
            return self.renormed(hat, mean, variance)
        m = x.numel() / mean.numel()
        self.running.update(mean, variance * (m / (m - 1) if self.options.get("movingVariance") == "unbiased" else 1))
        return hat

    def masked(self, x, mask):
        others = [d for d in range(x.dim()) if d not in self.axes]
        c = mask.reshape([1 if d in self.axes else x.shape[d] for d in range(x.dim())])
        m = c.sum() + 1e-7
        mean = (x * c).sum(others, keepdim=True) / m
        variance = (c * (x - mean).square()).sum(others, keepdim=True) / m
        self.running.update(mean, variance)
        return self.normalized(x, mean, variance)

    def renormed(self, hat, mean, variance):
        deviation = (variance + self.epsilon).sqrt().detach()
        average, spread = self.renorm.values
        r, d = torch.ones_like(deviation), torch.zeros_like(deviation)
        if self.renorm.weight > 0:
            spread = spread.clamp(min=self.epsilon**0.5)
            r, d = deviation / spread, (mean.detach() - average) / spread
        clipping = self.options.get("renormClipping", {})
        r = r.clamp(clipping.get("rmin", 0), clipping.get("rmax", float("inf")))
        d = d.clamp(-clipping.get("dmax", float("inf")), clipping.get("dmax", float("inf")))
        self.renorm.update(mean, deviation)
        self.deviation.update(deviation)
        self.running.update(mean, variance)
        self.running.values[1] = (self.deviation.values[0].square() - self.epsilon).clamp(min=0)
        return hat * r + d

    def virtual(self, x):
        if self.reference is None:
            mean, variance = moments(x, self.axes)
            self.reference = (mean.detach(), variance.detach(), x.numel() / mean.numel())
            self.running.values = list(self.reference[:2])
            return self.normalized(x, mean, variance)
        mean, variance, count = self.reference
        own_mean, own_variance = moments(x, [0, *self.axes])
        n = x.numel() / own_mean.numel()
        share = n / (count + n)
        merged = mean + share * (own_mean - mean)
        spread = (1 - share) * variance + share * own_variance + share * (1 - share) * (own_mean - mean).square()
        return self.normalized(x, merged, spread)

    def infer(self, x, extra):
        if self.options.get("referenceBatch"):
            return self.finish(self.virtual(x), extra)
        return self.finish(self.normalized(x, *self.running.values), extra)

    def step(self, x, dy_seed, extra):
        leaf = torch.tensor(x).requires_grad_()
        y = self.train(leaf, extra)
        y.backward(torch.tensor(generator.uniform(dy_seed, tuple(y.shape)).astype(np.float64)))
        gradients = [leaf.grad.numpy(), *(weight.grad.numpy().copy() for weight in self.weights.values())]
        for weight in self.weights.values():
            weight.grad = None
        return y.detach().numpy(), gradients

    def state(self):
        values = list(self.running.values)
        if self.options.get("renorm"):
            values += [*self.deviation.values, *self.renorm.values]
        return [value.numpy().reshape(-1) for value in values]

    def output(self, x, extra):
        with torch.no_grad():
            return self.infer(torch.tensor(x), extra).numpy()


class Keras:
    """Keras's own layer, on TensorFlow."""

    NAMES = {
        "zeroDebias": None,
        "singleValue": None,
        "renormClipping": "renorm_clipping",
        "renormMomentum": "renorm_momentum",
    }

    def __init__(self, shape, options, weights):
        named = {self.NAMES.get(key, key): value for key, value in options.items()}
        self.layer = keras.layers.BatchNormalization(**{k: v for k, v in named.items() if k}, dtype="float64")
        self.layer.build(shape)
        for name, value in weights.items():
            getattr(self.layer, name).assign(value)

    def step(self, x, dy_seed, extra):
        x, mask = tf.constant(x), extra.get("mask")
        weights = [weight.value for weight in self.layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch([x, *weights])
            y = self.layer(x, training=True, mask=None if mask is None else tf.constant(mask))
        dy = tf.constant(generator.uniform(dy_seed, tuple(y.shape)).astype(np.float64))
        return y.numpy(), [g.numpy() for g in tape.gradient(y, [x, *weights], output_gradients=dy)]

    def state(self):
        return [weight.numpy() for weight in self.layer.non_trainable_variables]

    def output(self, x, extra):
        return self.layer(tf.constant(x), training=False).numpy()


class Torch:
    """PyTorch's own layer; channels on axis 1."""

    def __init__(self, shape, options, weights):
        kind = {2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d, 5: torch.nn.BatchNorm3d}
        momentum = options.get("momentum", 0.9)
        self.layer = kind[len(shape)](shape[1], momentum=None if momentum is None else 1 - momentum).double()
        with torch.no_grad():
            self.layer.weight.copy_(torch.tensor(weights["gamma"]))
            self.layer.bias.copy_(torch.tensor(weights["beta"]))

    def step(self, x, dy_seed, extra):
        self.layer.train().zero_grad()
        leaf = torch.tensor(x).requires_grad_()
        y = self.layer(leaf)
        y.backward(torch.tensor(generator.uniform(dy_seed, tuple(y.shape)).astype(np.float64)))
        gradients = [leaf.grad, self.layer.weight.grad, self.layer.bias.grad]
        return y.detach().numpy(), [gradient.numpy().copy() for gradient in gradients]

    def state(self):
        return [self.layer.running_mean.numpy(), self.layer.running_var.numpy()]

    def output(self, x, extra):
        with torch.no_grad():
            return self.layer.eval()(torch.tensor(x)).numpy()
