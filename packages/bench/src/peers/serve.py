"""One contestant in a process of its own, as serve.mjs: `python serve.py PEER OPTIONS`."""

import importlib
import json
import os
import sys
import time

import numpy as np

# Libraries write to standard output too, but the answers must be alone there.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class Cannot(Exception):
    """A peer lacks what a job needs."""


def answer(value):
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def read_array(given):
    return np.fromfile(given["file"], dtype=np.float32).reshape(given["shape"])


def sample(values):
    """The same values as answer.mjs takes."""
    flat = np.asarray(values, dtype=np.float32).reshape(-1)
    return [float(value) for value in flat[:: (flat.size // 256) | 1]]


def measure(run, limit):
    """A run may say itself what it took, in ms, when only a part of it counts."""
    times = []
    end = time.perf_counter() + limit / 1e3
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        own = run()
        times.append((time.perf_counter() - start) * 1e3 if own is None else own)
    return times


def main():
    peer, options, *only = sys.argv[1:]
    module = importlib.import_module(peer)
    version, jobs = module.load(**json.loads(options))
    answer({"version": version})
    run = None
    for line in only or sys.stdin:
        request = json.loads(line)
        try:
            if "time" in request:
                answer({"times": measure(run, request["time"])})
                continue
            prepare = request["prepare"]
            if prepare["job"] not in jobs:
                raise Cannot("has no such operation")
            arrays = {name: read_array(one) for name, one in prepare["arrays"].items()}
            run, outputs = jobs[prepare["job"]](arrays, **prepare["options"])
            answer({"outputs": {name: sample(values) for name, values in outputs().items()}})
        except Exception as error:
            kind = "cannot" if type(error).__name__ == "Cannot" else "error"
            answer({kind: str(error)[:300]})


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        answer({"error": str(error)[:300]})
    # The libraries take a second to end in good order.
    os._exit(0)
