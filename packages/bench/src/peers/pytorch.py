"""PyTorch, eager, on the CPU. Images are [batch, channels, height, width] in either of its two layouts in memory."""

import time

import torch
from torch import nn
from torch.nn import functional as F

CHAIN = 1000


def load(threads, layout):
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    memory = torch.channels_last if layout == "channels-last" else torch.contiguous_format
    return torch.__version__.split("+")[0], Jobs(memory).all()


def channels_last(y):
    return y.permute(0, 2, 3, 1) if y.dim() == 4 else y


class Jobs:
    def __init__(self, memory):
        self.memory = memory

    def all(self):
        return {
            "trainStep": self.train_step,
            "predict": self.predict,
            "matmul": self.matmul,
            "convForward": self.conv_forward,
            "convGradients": self.conv_gradients,
            "batchNorm": self.batch_norm,
            "layerNorm": self.layer_norm,
            "rmsNorm": self.rms_norm,
            "groupNorm": self.group_norm,
            "localResponse": self.local_response,
            "maxPool": lambda arrays: self.one(lambda x: F.max_pool2d(x, 2), arrays),
            "relu": lambda arrays: self.one(torch.relu, arrays),
            "softmaxCrossEntropy": self.softmax_cross_entropy,
            "adam": self.adam,
            "eagerOp": self.eager_op,
        }

    def tensor(self, array):
        """[batch, height, width, channels] becomes [batch, channels, height, width] in the layout."""
        if array.ndim == 4:
            return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=self.memory)
        return torch.from_numpy(array)

    def filter(self, array):
        """[height, width, channels, filters] becomes [filters, channels, height, width]."""
        return torch.from_numpy(array).permute(3, 2, 0, 1).contiguous(memory_format=self.memory)

    def network(self, name, weights):
        def norm(kind, at):
            layer = kind(len(weights[f"{at}/gamma"]), eps=1e-3, momentum=0.01)
            targets = layer.weight, layer.bias, layer.running_mean, layer.running_var
            for role, target in zip(("gamma", "beta", "mean", "variance"), targets):
                fill(target, torch.from_numpy(weights[f"{at}/{role}"]))
            return layer

        def conv(at):
            kernel = self.filter(weights[f"{at}/kernel"])
            layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2])
            fill(layer.weight, kernel)
            fill(layer.bias, torch.from_numpy(weights[f"{at}/bias"]))
            return layer

        def dense(at, images=None):
            kernel = torch.from_numpy(weights[f"{at}/kernel"])
            if images:  # Flattened with the channels first.
                kernel = kernel.reshape(*images, -1).permute(2, 0, 1, 3).reshape(kernel.shape)
            layer = nn.Linear(*kernel.shape)
            fill(layer.weight, kernel.T)
            fill(layer.bias, torch.from_numpy(weights[f"{at}/bias"]))
            return layer

        if name == "mlp":
            return nn.Sequential(
                dense("dense1"), nn.ReLU(), norm(nn.BatchNorm1d, "norm1"),
                dense("dense2"), nn.ReLU(), norm(nn.BatchNorm1d, "norm2"),
                dense("dense3"))
        return nn.Sequential(
            conv("conv1"), nn.ReLU(), norm(nn.BatchNorm2d, "norm1"),
            conv("conv2"), nn.ReLU(), norm(nn.BatchNorm2d, "norm2"),
            nn.MaxPool2d(2), nn.Flatten(),
            dense("dense1", images=(12, 12, 64)), nn.ReLU(), norm(nn.BatchNorm1d, "norm3"),
            dense("dense2")).to(memory_format=self.memory)

    def train_step(self, arrays, network):
        model = self.network(network, arrays)
        images, labels = self.tensor(arrays["x"]), torch.from_numpy(arrays["y"]).argmax(1)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            return loss.item()

        return lambda: void(step()), lambda: {"losses": [step(), step()]}

    def predict(self, arrays, network):
        model, x = self.network(network, arrays).eval(), self.tensor(arrays["x"])

        @torch.inference_mode()
        def run():
            return torch.softmax(model(x), -1)

        return lambda: void(run()), lambda: {"probabilities": run()}

    def one(self, f, arrays):
        x = self.tensor(arrays["x"])
        return lambda: void(f(x)), lambda: {"y": channels_last(f(x))}

    def matmul(self, arrays):
        a, b = self.tensor(arrays["a"]), self.tensor(arrays["b"])
        return lambda: void(a @ b), lambda: {"c": a @ b}

    def conv_forward(self, arrays):
        w = self.filter(arrays["w"])
        return self.one(lambda x: F.conv2d(x, w), arrays)

    def conv_gradients(self, arrays):
        x, dy = self.tensor(arrays["x"]).requires_grad_(), self.tensor(arrays["dy"])
        w = self.filter(arrays["w"]).requires_grad_()
        y = F.conv2d(x, w)

        def run():
            return torch.autograd.grad(y, [x, w], dy, retain_graph=True)

        def outputs():
            dx, dw = run()
            return {"dx": channels_last(dx), "dw": dw.permute(2, 3, 1, 0)}

        return lambda: void(run()), outputs

    def forward_backward(self, f, arrays):
        x, dy = self.tensor(arrays["x"]).requires_grad_(), self.tensor(arrays["dy"])
        gamma, beta = (torch.from_numpy(arrays[name]).requires_grad_() for name in ("gamma", "beta"))

        def run():
            y = f(x, gamma, beta)
            return y, torch.autograd.grad(y, [x, gamma, beta], dy, allow_unused=True)[0]

        def outputs():
            y, dx = run()
            return {"y": channels_last(y.detach()), "dx": channels_last(dx)}

        return lambda: void(run()), outputs

    def batch_norm(self, arrays):
        channels = arrays["gamma"].size
        mean, variance = torch.zeros(channels), torch.ones(channels)
        return self.forward_backward(
            lambda x, g, b: F.batch_norm(x, mean, variance, g, b, training=True, momentum=0.01, eps=1e-3), arrays)

    def layer_norm(self, arrays):
        return self.forward_backward(lambda x, g, b: F.layer_norm(x, g.shape, g, b, eps=1e-3), arrays)

    def rms_norm(self, arrays):
        return self.forward_backward(lambda x, g, _: F.rms_norm(x, g.shape, g, eps=1e-3), arrays)

    def group_norm(self, arrays, groups):
        return self.forward_backward(lambda x, g, b: F.group_norm(x, groups, g, b, eps=1e-3), arrays)

    def local_response(self, arrays):
        # It divides alpha by the size.
        return self.forward_backward(lambda x, *_: F.local_response_norm(x, 11, alpha=11.0, beta=0.5, k=1.0), arrays)

    def softmax_cross_entropy(self, arrays):
        logits, labels = self.tensor(arrays["logits"]).requires_grad_(), self.tensor(arrays["labels"])

        def run():
            loss = F.cross_entropy(logits, labels)
            return loss, torch.autograd.grad(loss, logits)[0]

        def outputs():
            loss, gradient = run()
            return {"loss": loss.detach(), "gradient": gradient}

        return lambda: void(run()), outputs

    def adam(self, arrays):
        parameters = nn.Parameter(self.tensor(arrays["parameters"]))
        parameters.grad = self.tensor(arrays["gradients"])
        optimizer = torch.optim.Adam([parameters], lr=1e-3, eps=1e-7, fused=True)

        def outputs():
            optimizer.step()
            return {"parameters": parameters.detach()}

        return lambda: void(optimizer.step()), outputs

    def eager_op(self, arrays, tape):
        x, first = self.tensor(arrays["x"]), self.tensor(arrays["first"]).requires_grad_(tape)

        def chain(y):
            for _ in range(CHAIN):
                y = y + x
            return y

        def compute():
            if not tape:
                return chain(first)
            return torch.autograd.grad(chain(first).sum(), first)[0]

        def run():
            start = time.perf_counter()
            compute()
            return (time.perf_counter() - start) * 1e3 / CHAIN

        return run, lambda: {"y": compute()}


@torch.no_grad()
def fill(target, values):
    target.copy_(values)


def void(_):
    """Nothing: a run that returns a number says by it what it took."""
