"""The tutorial's training step in PyTorch, batch 128, one thread: a peer for tutorial-step.ts.

Reads lines from standard input: a layout ("channels-last" or "channels-first") and a number of steps. Answers each with
one line of JSON, the milliseconds of each step. The first line it prints is PyTorch's version.
"""

import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
import torch
from torch import nn

torch.set_num_threads(1)
BATCH = 128


def make_step(layout):
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.BatchNorm2d(32, eps=1e-3, momentum=0.01),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.BatchNorm2d(64, eps=1e-3, momentum=0.01),
        nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.BatchNorm1d(128, eps=1e-3, momentum=0.01),
        nn.Linear(128, 10))
    images = torch.rand(BATCH, 1, 28, 28)
    if layout == "channels-last":
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % 10
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


steps = {layout: make_step(layout) for layout in ("channels-last", "channels-first")}
print(torch.__version__, flush=True)
for line in sys.stdin:
    layout, count = line.split()
    times = []
    for _ in range(int(count)):
        start = time.perf_counter()
        steps[layout]()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(times), flush=True)
