"""What reading kernels costs a training of BC-ResNet-1, at every epoch, on training and validation inputs.

Run: python benchmarks/observer.py
The keyword recipe on made-up clips, as many as the Arabic commands have in their base, on one thread. The goal is below 5 %.
Printed first: the CPU seconds of a reading beside those from its end to the beginning of the next one, in which lie the steps and the
judging of one epoch. Then, to see that a reading costs nothing elsewhere: how much longer an epoch takes in trainings with
`[observe.kernels]` than in those without, which take turns. That is a difference of large numbers, and tells little on a processor that
others use.
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
    """CPU seconds of a whole training of so many epochs."""
    raw = recipes.overridden(shelf.read(shelf.find("keywords-arabic")), [*SETTINGS, f"training.epochs={epochs}", *more])
    resolved = recipes.resolve(raw, SECTIONS, "observer")
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder), resolved)
        start = time.process_time()
        perform(resolved, run, Console(quiet=True))
        return time.process_time() - start


def epoch(*more: str) -> float:
    """CPU seconds of an epoch: of a longer training less a shorter one, so that what is done but once counts for nothing."""
    return (seconds(2 + EPOCHS, *more) - seconds(2, *more)) / EPOCHS


@contextmanager
def timed() -> Generator[list[float]]:
    """While open, gathers the share of each reading in the CPU seconds since the reading before, which are those of an epoch."""
    shares, ended, plain = list[float](), 0.0, TrainingKernels.read

    def read(of: TrainingKernels, epoch: float, step: int) -> list[dict[str, Any]]:
        nonlocal ended
        begun = time.process_time()
        rows = plain(of, epoch, step)
        if rows:
            if epoch > 1:  # before the first there is what is done but once
                shares.append((time.process_time() - begun) / (begun - ended))
            ended = time.process_time()
        return rows

    with mock.patch.object(TrainingKernels, "read", read):
        yield shares


if __name__ == "__main__":
    torch.set_num_threads(1)
    environment.tell()
    seconds(2)  # compiles what has to be compiled
    with timed() as found:
        taken = [(epoch(), epoch("observe.kernels={}")) for _ in range(REPEATS)]
    direct = [100 * share for share in found]
    print(f"a reading takes {median(direct):.1f} % ({min(direct):.1f} to {max(direct):.1f}) of the CPU seconds of its epoch", flush=True)
    plain, read = (median(column) for column in zip(*taken, strict=True))
    shares = [100 * (b - a) / a for a, b in taken]
    print(f"an epoch {plain:.2f} CPU s, with its reading {read:.2f} s: {median(shares):+.1f} % ({min(shares):+.1f} to {max(shares):+.1f})")
