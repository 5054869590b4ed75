"""What reading kernels costs a training of BC-ResNet-1, at every epoch, on training and validation inputs.

Run: python benchmarks/observer.py
The keyword recipe on made-up clips, as many as the Arabic commands have in their base, on one thread. A training with `[observe.kernels]`
and one without take turns. Prints the CPU seconds of an epoch and what a reading adds to it. The goal is below 5 %.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from rich.console import Console

from scratchlab import recipe as recipes
from scratchlab import shelf
from scratchlab.experiment import SECTIONS, perform
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


if __name__ == "__main__":
    torch.set_num_threads(1)
    seconds(2)  # compiles what has to be compiled
    taken = [(epoch(), epoch("observe.kernels={}")) for _ in range(REPEATS)]
    plain, read = (median(column) for column in zip(*taken, strict=True))
    shares = [100 * (b - a) / a for a, b in taken]
    print(f"an epoch {plain:.2f} CPU s, with its reading {read:.2f} s: {median(shares):+.1f} % ({min(shares):+.1f} to {max(shares):+.1f})")
