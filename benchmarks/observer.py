"""Overhead of measuring kernels during training of BC-ResNet-1, after every epoch, on training and validation inputs.

Run: python benchmarks/observer.py
The keyword recipe on synthetic clips, as many as the base session of Arabic Speech Commands has, on one thread. The goal is below 5 %.
Prints first the CPU seconds of a measurement relative to those between two measurements, which contain the training steps and the
validation of one epoch. Then, to check for side effects, how much longer an epoch takes in trainings with `[observe.kernels]` than in those
without, in turns. This is a small difference of large numbers, and unreliable on a CPU that is in use otherwise.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import torch
from rich.console import Console

import environment
from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.experiment import perform
from scratchlab.observe.training_kernels import TrainingKernels
from scratchlab.pipeline import SECTIONS
from scratchlab.store.run import Run

EPOCHS, REPEATS = 4, 3
SETTINGS = (
    *(
        "data.name=synthetic",
        "data.classes=20",
        "data.groups=24",
        "data.clips=4",
        "protocol.base=18",
        "protocol.way=1",
        "protocol.sessions=2",
    ),
    *("protocol.draws=1", "protocol.order=source", "schedule.warmup=1"),
)


def seconds(epochs: int, *more: str) -> float:
    """CPU seconds of a complete training over `epochs`."""
    raw = recipes.overridden(shelf.read(shelf.find("keywords-arabic")), [*SETTINGS, f"training.epochs={epochs}", *more])
    resolved = recipes.resolve(raw, SECTIONS, "observer")
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder), resolved)
        start = time.process_time()
        perform(resolved, run, Console(quiet=True))
        return time.process_time() - start


def epoch(*more: str) -> float:
    """CPU seconds per epoch: the difference of a longer and a shorter training, which excludes costs that occur once."""
    return (seconds(2 + EPOCHS, *more) - seconds(2, *more)) / EPOCHS


@contextmanager
def timed() -> Generator[list[float]]:
    """Context that collects, for each measurement, its CPU seconds divided by those since the measurement before."""
    fractions, ended, original = list[float](), 0.0, TrainingKernels.read

    def read(observer: TrainingKernels, epoch: float, step: int) -> list[dict[str, Any]]:
        nonlocal ended
        started = time.process_time()
        rows = original(observer, epoch, step)
        if rows:
            if epoch > 1:  # the first epoch contains costs that occur once
                fractions.append((time.process_time() - started) / (started - ended))
            ended = time.process_time()
        return rows

    with mock.patch.object(TrainingKernels, "read", read):
        yield fractions


if __name__ == "__main__":
    torch.set_num_threads(1)
    environment.print_environment()
    seconds(2)  # warm-up: compiles
    with timed() as fractions:
        pairs = [(epoch(), epoch("observe.kernels={}")) for _ in range(REPEATS)]
    direct = [100 * fraction for fraction in fractions]
    print(
        f"a measurement takes {median(direct):.1f} % ({min(direct):.1f} to {max(direct):.1f}) of the CPU seconds of its epoch", flush=True
    )
    plain, observed = (median(column) for column in zip(*pairs, strict=True))
    more = [100 * (b - a) / a for a, b in pairs]
    print(f"an epoch {plain:.2f} CPU s, with measurement {observed:.2f} s: {median(more):+.1f} % ({min(more):+.1f} to {max(more):+.1f})")
