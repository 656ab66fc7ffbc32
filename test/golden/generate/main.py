"""Writes the goldens: python generate/main.py [names of some of SETS]. One thread, so that runs repeat."""

import os
import sys

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[name] = "1"
os.environ |= {
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_DETERMINISTIC_OPS": "1",
}

import torch

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

import batch_norm
import family
import input_normalization
import kernel_norms
import networks
import ops
import pieces
import weights

SETS = {
    "ops": ops.write,
    "batch-norm": batch_norm.write,
    "family": family.write,
    "input-normalization": input_normalization.write,
    "pieces": pieces.write,
    "weights": weights.write,
    "kernel-norms": kernel_norms.write,
} | {
    name: (lambda n=name: networks.write(n)) for name in networks.NETWORKS
}

for name in sys.argv[1:] or SETS:
    SETS[name]()
