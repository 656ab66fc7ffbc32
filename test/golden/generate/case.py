"""What a case of `ops` is."""

CASES = []


def x(*shape, low=-1.0, high=1.0):
    return {"shape": list(shape), "low": low, "high": high}


def indices(*values):
    return {"shape": [len(values)], "int32": list(values)}


def case(op, args, inputs, reference, check=None, note=""):
    """`reference` (PyTorch) and `check` (Keras) take the inputs as tensors and give one."""
    CASES.append({"op": op, "note": note, "args": args, "inputs": inputs, "reference": reference, "check": check})
