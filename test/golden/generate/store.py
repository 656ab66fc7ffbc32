"""Files of goldens: JSON, one item a line, arrays as base64 of little-endian float64 or float32."""

import base64
import json
import pathlib
import platform

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data"


def encode(array, kind="<f8"):
    return base64.b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode("ascii")


def tensor(array, **float32):
    """{ shape, float64, NAME: float32 results of other libraries }"""
    array = np.asarray(array, dtype=np.float64)
    assert np.isfinite(array).all()
    return {"shape": list(array.shape), "float64": encode(array), **{k: encode(v, "<f4") for k, v in float32.items()}}


def versions():
    import keras
    import tensorflow
    import torch

    return {
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "torch": torch.__version__.split("+")[0],
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def write(name, header, **lists):
    """One line per entry, so that a changed reference shows as a changed line."""
    FOLDER.mkdir(exist_ok=True)
    dump = lambda value: json.dumps(value, separators=(",", ":"))
    parts = [f"{json.dumps(key)}: {dump(value)}" for key, value in {"versions": versions(), **header}.items()]
    for key, items in lists.items():
        parts.append(f"{json.dumps(key)}: [\n" + ",\n".join(dump(item) for item in items) + "\n]")
    path = FOLDER / f"{name}.json"
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB", flush=True)
