"""Networks trained for 20 steps by Keras and by PyTorch, each in float64 and in float32."""

import itertools

import numpy as np
import torch

import generator
import store
from architectures import ADAM, NETWORKS, STEPS, batch, initial_weights, is_statistic
from trainers import Keras, Torch


def train(network, run):
    data = [batch(network, step) for step in range(STEPS + 1)]
    result = {"gradients": run.gradients(*data[0]), "losses": []}
    for step in range(STEPS):
        loss = run.step(*data[step])
        result["losses"].append(loss if np.isscalar(loss) else float(loss[0]))
        if step == 0:
            result["statistics1"] = run.statistics()
    return result | {
        "losses": np.array(result["losses"]),
        "statistics20": run.statistics(),
        "predictions": run.predict(data[STEPS][0]),
    }


def error(got, reference, norm=np.max):
    return float(norm(np.abs(np.asarray(got, np.float64) - reference)) / norm(np.abs(reference)))


def worst(result, reference, what):
    pairs = (
        [(result[what], reference[what])]
        if isinstance(reference[what], np.ndarray)
        else zip(result[what], reference[what])
    )
    return max(error(a, b) for a, b in pairs)


def torch_gradients(network):
    """PyTorch's float32 gradients of the first batch in four orders: the same sums, rounded in four ways."""
    x, y = batch(network, 0)
    quarter = network["batch"] // 4
    orders = [np.roll(np.arange(network["batch"]), i * quarter) for i in range(4)]
    return [Torch(network, "float32").gradients(x[order], y[order]) for order in orders]


def describe(name, seed, samples, reference, others, torch_runs):
    """A gradient: all of it or a sample, its l2 norm, 4 random projections, and what float32 costs PyTorch at most."""
    flat = reference.ravel()
    indices = generator.sample_indices(seed, flat.size, samples)
    compared = ("keras32", "torch32") if len(indices) <= 4096 else ()  # of a larger one only the errors, for size
    float32 = {k: others[k].ravel()[indices] for k in compared}
    return {
        "name": name,
        "shape": list(reference.shape),
        "seed": seed,
        "scale": float(np.abs(flat).max()),
        "norm": float(np.linalg.norm(flat)),
        "projections": [float(generator.signs(seed + 1 + i, flat.size) @ flat) for i in range(4)],
        "torchError": max(error(e, reference) for e in torch_runs),
        "torchErrorNorm": max(error(e, reference, np.linalg.norm) for e in torch_runs),
        "sample": store.tensor(flat[indices], **float32),
    }


def write(name):
    network = NETWORKS[name]
    runs = {
        "float64": lambda n: Torch(n, "float64"),
        "float64Betas32": lambda n: Torch(n, "float64", betas=np.float32),
        "keras64": lambda n: Keras(n, "float64"),
        "keras32": lambda n: Keras(n, "float32"),
        "torch32": lambda n: Torch(n, "float32"),
        "torch32ChannelsLast": lambda n: Torch(n, "float32", torch.channels_last),
    }
    results = {}
    for key, run in runs.items():
        results[key] = train(network, run(network))
    reference, twin = results.pop("float64"), results.pop("float64Betas32")
    disagreement = max(worst(results["keras64"], twin, what) for what in reference)
    assert disagreement < 1e-9, f"{name}: Keras and PyTorch differ by {disagreement} in float64"
    agreement = {key: {what: worst(result, reference, what) for what in reference} for key, result in results.items()}
    for key, errors in agreement.items():
        print(f"{name} {key}: " + ", ".join(f"{what} {value:.1e}" for what, value in errors.items()))
    print(name, "losses", reference["losses"].round(4))
    names = [n for n, _ in initial_weights(network)]
    trainable, statistics = [n for n in names if not is_statistic(n)], [n for n in names if is_statistic(n)]
    float32 = lambda pick: {key: pick(results[key]) for key in ("keras32", "torch32")}
    entries = [
        {"name": "losses", **store.tensor(reference["losses"], **float32(lambda r: r["losses"]))},
        {"name": "predictions", **store.tensor(reference["predictions"], **float32(lambda r: r["predictions"]))},
    ]
    for steps, (i, n) in itertools.product((1, 20), enumerate(statistics)):
        key = f"statistics{steps}"
        entries.append({"name": n, "steps": steps, **store.tensor(reference[key][i], **float32(lambda r: r[key][i]))})
    torch_runs = torch_gradients(network)
    gradients = [
        describe(
            n,
            network["seed"] + 100 + 10 * i,
            network["samples"],
            reference["gradients"][i],
            {k: r["gradients"][i] for k, r in results.items()},
            [run[i] for run in torch_runs],
        )
        for i, n in enumerate(trainable)
    ]
    store.write(
        name,
        {"network": network, "adam": ADAM, "steps": STEPS, "agreement": agreement},
        results=entries,
        gradients=gradients,
    )
