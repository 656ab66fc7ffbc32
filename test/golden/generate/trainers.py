"""The same network trained by Keras and by PyTorch, in float64 or float32."""

import math
import re

import keras
import tensorflow as tf
import torch
import torch.nn.functional as F

from architectures import ADAM, EPSILON, MOMENTUM, initial_weights, is_statistic


class Keras:
    def __init__(self, network, dtype):
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        snake = lambda config: {
            re.sub("[A-Z]", lambda c: "_" + c[0].lower(), k): v for k, v in config.items() if k != "zeroDebias"
        }
        classes = {
            "conv2d": "Conv2D",
            "batchNormalization": "BatchNormalization",
            "dense": "Dense",
            "flatten": "Flatten",
            "activation": "Activation",
            "maxPooling2d": "MaxPooling2D",
            "averagePooling2d": "AveragePooling2D",
        }
        layers = [getattr(keras.layers, classes[kind])(**snake(config)) for kind, config in network["layers"]]
        self.model = keras.Sequential([keras.Input(network["inputShape"]), *layers])
        self.dtype = dtype
        self.weights = initial_weights(network)
        self.model.set_weights([values for _, values in self.weights])
        self.model.compile(
            optimizer=keras.optimizers.Adam(network["learningRate"]),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )

    def gradients(self, x, y):
        before = self.model.get_weights()
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(
                keras.losses.categorical_crossentropy(y, self.model(x.astype(self.dtype), training=True))
            )
        gradients = [g.numpy() for g in tape.gradient(loss, [v.value for v in self.model.trainable_weights])]
        self.model.set_weights(before)  # the pass has moved the statistics
        return gradients

    def step(self, x, y):
        self.model.reset_metrics()  # else train_on_batch returns the mean of all steps so far
        return self.model.train_on_batch(x.astype(self.dtype), y.astype(self.dtype))

    def statistics(self):
        return [v for (name, _), v in zip(self.weights, self.model.get_weights()) if is_statistic(name)]

    def predict(self, x):
        return self.model(x.astype(self.dtype), training=False).numpy()


class Torch:
    """PyTorch's layers in Keras's layout, with Keras's Adam (epsilon not bias-corrected) and moving statistics."""

    def __init__(self, network, dtype, memory_format=torch.contiguous_format, betas=float):
        self.layers, self.format = network["layers"], memory_format
        self.learning_rate = network["learningRate"]
        self.dtype = getattr(torch, dtype)
        self.weights = {name: torch.tensor(v).to(self.dtype) for name, v in initial_weights(network)}
        self.trainable = [v.requires_grad_() for name, v in self.weights.items() if not is_statistic(name)]
        self.moments = [(torch.zeros_like(v), torch.zeros_like(v)) for v in self.trainable]
        self.iteration, self.powers_of = 0, [float(betas(ADAM[k])) for k in ("beta1", "beta2")]

    def normalize(self, t, number, training):
        get = lambda name: self.weights[f"{number} batchNormalization {name}"]
        if training:
            with torch.no_grad():
                axes = [d for d in range(t.dim()) if d != 1]
                variance, mean = torch.var_mean(t, axes, correction=0)
                get("moving_mean").mul_(MOMENTUM).add_(mean, alpha=1 - MOMENTUM)
                get("moving_variance").mul_(MOMENTUM).add_(variance, alpha=1 - MOMENTUM)
            return F.batch_norm(t, None, None, get("gamma"), get("beta"), True, 0.0, EPSILON)
        return F.batch_norm(
            t, get("moving_mean"), get("moving_variance"), get("gamma"), get("beta"), False, 0.0, EPSILON
        )

    def logits(self, x, training):
        t = torch.tensor(x).to(self.dtype).permute(0, 3, 1, 2).contiguous(memory_format=self.format)
        for number, (kind, config) in enumerate(self.layers):
            weights = [self.weights.get(f"{number} {kind} {name}") for name in ("kernel", "bias")]
            if kind == "conv2d":
                t = F.conv2d(t, weights[0].permute(3, 2, 0, 1).contiguous(memory_format=self.format), weights[1])
            elif kind == "dense":
                t = F.linear(t, weights[0].T, weights[1])
            elif kind == "batchNormalization":
                t = self.normalize(t, number, training)
            elif kind == "flatten":
                t = t.permute(0, 2, 3, 1).reshape(len(t), -1)
            elif kind.endswith("Pooling2d"):
                t = F.max_pool2d(t, 2) if kind[0] == "m" else F.avg_pool2d(t, 2)
            activation = {"relu": torch.relu, "tanh": torch.tanh}.get(config.get("activation"))
            t = activation(t) if activation else t
        return t

    def loss_and_gradients(self, x, y):
        log_probabilities = F.log_softmax(self.logits(x, True), 1)
        loss = -(torch.tensor(y).to(self.dtype) * log_probabilities).sum(1).mean()
        return loss.item(), torch.autograd.grad(loss, self.trainable)

    def gradients(self, x, y):
        before = {name: v.detach().clone() for name, v in self.weights.items()}
        gradients = [g.numpy() for g in self.loss_and_gradients(x, y)[1]]
        with torch.no_grad():
            for name, v in self.weights.items():
                v.copy_(before[name])
        return gradients

    def step(self, x, y):
        loss, gradients = self.loss_and_gradients(x, y)
        self.iteration += 1
        beta1, beta2 = ADAM["beta1"], ADAM["beta2"]
        correction1, correction2 = (1 - beta**self.iteration for beta in self.powers_of)
        alpha = self.learning_rate * math.sqrt(correction2) / correction1
        with torch.no_grad():
            for v, g, (first, second) in zip(self.trainable, gradients, self.moments):
                first += (g - first) * (1 - beta1)
                second += (g * g - second) * (1 - beta2)
                v -= alpha * first / (second.sqrt() + ADAM["epsilon"])
        return loss

    def statistics(self):
        return [v.numpy().copy() for name, v in self.weights.items() if is_statistic(name)]

    def predict(self, x):
        with torch.no_grad():
            return F.softmax(self.logits(x, False), 1).numpy()
