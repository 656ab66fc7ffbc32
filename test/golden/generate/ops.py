"""Float64 outputs and gradients of every op for a random cotangent: PyTorch's, checked against Keras's."""

import keras
import numpy as np
import tensorflow as tf
import torch

import cases
import generator
import store
import window_cases
import within_sample_cases
from case import CASES

assert cases and window_cases and within_sample_cases  # they fill CASES


def differentiable(spec):
    return "int32" not in spec and not spec.get("constant")


def run_torch(function, values, specs, dy_seed):
    leaves = [torch.tensor(v).requires_grad_(differentiable(s)) for v, s in zip(values, specs)]
    y = function(*leaves)
    dy = generator.uniform(dy_seed, tuple(y.shape)).astype(np.float64)
    y.backward(torch.tensor(dy))
    return y.detach().numpy(), [leaf.grad.numpy() for leaf in leaves if leaf.requires_grad], dy


def run_keras(function, values, specs, dy):
    leaves = [tf.constant(v) for v in values]
    wanted = [leaf for leaf, spec in zip(leaves, specs) if differentiable(spec)]
    with tf.GradientTape() as tape:
        tape.watch(wanted)
        y = function(*leaves)
    gradients = tape.gradient(y, wanted, output_gradients=tf.constant(dy))
    return y.numpy(), [tf.convert_to_tensor(g).numpy() for g in gradients]


def difference(a, b):
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))


def write():
    keras.config.set_floatx("float64")
    entries, worst, checked = [], (0.0, ""), 0
    for number, item in enumerate(CASES):
        specs = [
            {"seed": 100 * number + i, **spec} if "int32" not in spec else spec for i, spec in enumerate(item["inputs"])
        ]
        values = [
            np.array(s["int32"])
            if "int32" in s
            else generator.uniform(s["seed"], s["shape"], s["low"], s["high"]).astype(np.float64)
            for s in specs
        ]
        dy_seed = 100 * number + 99
        y, gradients, dy = run_torch(item["reference"], values, specs, dy_seed)
        if item["check"]:
            limit = 1e-12 if max(np.abs(v).max() for v in values) < 1e3 else 1e-11  # a mean of 1e4 costs four digits
            other_y, other_gradients = run_keras(item["check"], values, specs, dy)
            for a, b in zip([other_y, *other_gradients], [y, *gradients], strict=True):
                worst = max(worst, (difference(a, b), f"{item['op']} {item['note']}"))
                assert difference(a, b) < limit, (item["op"], item["note"], difference(a, b))
            checked += 1
        entries.append(
            {
                "op": item["op"],
                "note": item["note"],
                "args": item["args"],
                "inputs": specs,
                "dySeed": dy_seed,
                "output": store.tensor(y),
                "gradients": [store.tensor(g) for g in gradients],
            }
        )
    print(f"ops: {len(entries)} cases, {checked} in both; largest difference {worst[0]:.1e} of the scale ({worst[1]})")
    store.write("ops", {"kerasAgreement": worst[0], "checkedInBoth": checked}, cases=entries)
