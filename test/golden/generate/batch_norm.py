"""Batch normalization with all its options over several steps, in float64: Keras's layer, PyTorch's, or the formula.

Each case: a few batches in training, each with its output and the gradients for a random cotangent of x and of the
weights; then the weights, moving statistics included, and the output in inference.
"""

import keras
import numpy as np

import generator
import store
from batch_norm_references import Formula, Keras, Torch, axes_of

LAYOUTS = (
    ([8, 3], -1),
    ([4, 3, 2], -1),
    ([3, 2, 3, 4], -1),
    ([3, 4, 2, 3], 1),
    ([4, 2, 2, 1, 2], -1),
)
KERAS = {"zeroDebias": False}

CASES = []


def case(note, reference, shape, options, low=-2.0, high=3.0, **extra):
    item = {"note": note, "reference": reference, "shape": shape, "options": options, "low": low, "high": high}
    CASES.append({**item, **extra})


for shape, axis in LAYOUTS:
    place = {"axis": axis}
    case("Keras's rule", Keras, shape, {**KERAS, **place, "momentum": 0.9})
    case("debiased", Formula, shape, {**place, "momentum": 0.9})
    case("renorm, as Keras", Keras, shape, {**KERAS, **place, "momentum": 0.9, "renorm": True, "renormMomentum": 0.8})
    case("renorm, debiased", Formula, shape, {**place, "renorm": True, "renormMomentum": 0.8, "momentum": 0.9})
    case("ghost batches", Formula, shape, {**place, "ghostBatchSize": 2, "momentum": 0.9})
    case("virtual", Formula, shape, {**place, "referenceBatch": True})
    case("classes", Formula, shape, {**place, "condition": {"classes": 4}, "momentum": 0.9})
    case("features", Formula, shape, {**place, "condition": {"features": 3}, "momentum": 0.9})
    case("mask", Keras if axis == -1 else Formula, shape, {**KERAS, **place, "momentum": 0.9}, mask=True)

images, channels_first = LAYOUTS[2][0], LAYOUTS[3][0]
clipping = {"rmin": 0.8, "rmax": 1.1, "dmax": 0.05}
clipped = {"renorm": True, "renormClipping": clipping}
case("renorm, clipped, as Keras", Keras, images, {**KERAS, **clipped, "momentum": 0.9, "renormMomentum": 0.8})
case("renorm, clipped, debiased", Formula, images, {**clipped, "renormMomentum": 0.5})
case("renorm without gamma", Keras, images, {**KERAS, "renorm": True, "scale": False})
case("renorm without beta", Keras, images, {**KERAS, "renorm": True, "center": False})
case("renorm, two axes", Formula, images, {"axis": [1, 3], "renorm": True, "renormMomentum": 0.8})
case("renorm, mask", Keras, images, {**KERAS, "renorm": True, "renormMomentum": 0.5}, mask=True)
case("mask, mean 1e4", Formula, images, {"momentum": 0.9}, 1e4 - 1.0, 1e4 + 1.0, mask=True)
case("mask, two axes", Formula, images, {"axis": [1, 3], "momentum": 0.9}, mask=True)
case("mask, two axes, reversed", Formula, channels_first, {"axis": [1, 2], "momentum": 0.9}, mask=True)
case("ghosts of 4 and a rest of 2", Formula, [10, 2, 2], {"ghostBatchSize": 4, "momentum": 0.9})
case("ghosts, channels first, a rest", Formula, [5, 3, 2, 2], {"axis": 1, "ghostBatchSize": 2})
case("ghosts, two axes", Formula, images, {"axis": [1, 3], "ghostBatchSize": 1})
case("ghosts larger than the batch", Formula, images, {"ghostBatchSize": 64})
case("ghosts, mean 1e4", Formula, images, {"ghostBatchSize": 2}, 1e4 - 1.0, 1e4 + 1.0)
case("virtual, mean 1e4", Formula, images, {"referenceBatch": True}, 1e4 - 1.0, 1e4 + 1.0)
case("virtual, two axes", Formula, images, {"axis": [1, 3], "referenceBatch": True})
case("classes, two axes", Formula, images, {"axis": [1, 3], "condition": {"classes": 4}})
case("features, two axes", Formula, images, {"axis": [1, 3], "condition": {"features": 2}})
case("PyTorch", Torch, channels_first, {"axis": 1, "preset": "torch", "zeroDebias": False})
case("PyTorch, rows", Torch, [8, 3], {"axis": 1, "preset": "torch", "zeroDebias": False})
case("PyTorch, cumulative", Torch, channels_first, {"axis": 1, "preset": "torch", "momentum": None})
case("PyTorch, volumes", Torch, [2, 3, 2, 2, 2], {"axis": 1, "preset": "torch", "zeroDebias": False, "momentum": 0.7})
case("unbiased, debiased", Formula, images, {"movingVariance": "unbiased", "momentum": 0.9})

STEPS = 3


def extras(item, number, step):
    """A mask and a condition, from the generator."""
    shape, condition, seed = item["shape"], item["options"].get("condition"), 1000 * number + 10 * step + 5
    axes = axes_of(item["options"], len(shape))
    result = {}
    if item.get("mask"):
        others = [size for d, size in enumerate(shape) if d not in axes]
        counts = generator.hashes(seed, int(np.prod(others))) % np.uint64(3) > 0
        result["mask"] = counts.astype(np.float64).reshape(others)
    if condition and "classes" in condition:
        result["condition"] = (generator.hashes(seed, shape[0]) % np.uint64(condition["classes"])).astype(np.int64)
    elif condition:
        result["condition"] = generator.uniform(seed, (shape[0], condition["features"])).astype(np.float64)
    return result


def weights_of(item, number):
    shape, options = item["shape"], item["options"]
    channels = tuple(shape[axis] for axis in axes_of(options, len(shape)))
    condition = options.get("condition", {})
    table = (condition["classes"], *channels) if "classes" in condition else channels
    specs = {
        **({"gamma": (table, 0.5, 1.5)} if options.get("scale", True) else {}),
        **({"beta": (table, -1.0, 1.0)} if options.get("center", True) else {}),
    }
    if "features" in condition:
        kernel = (condition["features"], *channels)
        specs |= {"gamma_kernel": (kernel, -1.0, 1.0), "beta_kernel": (kernel, -1.0, 1.0)}
    return {
        name: generator.uniform(1000 * number + 900 + i, *spec).astype(np.float64)
        for i, (name, spec) in enumerate(specs.items())
    }


def write():
    keras.config.set_floatx("float64")
    entries = []
    for number, item in enumerate(CASES):
        model = item["reference"](item["shape"], item["options"], weights_of(item, number))
        steps = []
        for step in range(STEPS):
            seed = 1000 * number + 10 * step
            x = generator.uniform(seed, item["shape"], item["low"], item["high"]).astype(np.float64)
            y, gradients = model.step(x, seed + 1, extras(item, number, step))
            steps.append({"y": store.tensor(y), "gradients": [store.tensor(g) for g in gradients]})
        x = generator.uniform(1000 * number + 500, item["shape"], item["low"], item["high"]).astype(np.float64)
        state = [store.tensor(value) for value in model.state()]
        inference = store.tensor(model.output(x, extras(item, number, STEPS)))
        keys = ("note", "shape", "options", "low", "high")
        entries.append(
            {
                **{key: item[key] for key in keys},
                "mask": bool(item.get("mask")),
                "reference": item["reference"].__name__,
                "steps": steps,
                "state": state,
                "inference": inference,
            }
        )
    store.write("batch-norm", {}, cases=entries)
