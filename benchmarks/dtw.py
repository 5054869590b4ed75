"""Speed of our DTW compared with tslearn's cdist_dtw and dtaidistance's C implementation, and the differences between their costs.

Run: python benchmarks/dtw.py
All score 64 queries against 35 references of 26 or 101 steps with 32 or 256 channels, on one thread, in turns. The other packages use
squared Euclidean distances, which for unit steps are twice our 1 - cosine: they get unit steps, whose normalisation is included only in our
time. They return the square root of the total cost, which is squared and halved for comparison; costs must agree to 1e-4. Ours and tslearn
compute in float32, dtaidistance only in float64; its fastest function for several channels is `dtw_ndim.distance_matrix_fast` on one thread
with the block of queries × references.
Prints CPU milliseconds and ratios as medians (min to max).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import cast

import numpy as np
import torch
from dtaidistance import dtw_ndim
from threadpoolctl import threadpool_limits
from tslearn.metrics import cdist_dtw  # pyright: ignore[reportUnknownVariableType]

import environment
from scratchlab.similarity.alignment import DTW
from scratchlab.similarity.steps import unit_steps
from scratchlab.types import Embeddings

QUERIES, REFERENCES, REPEATS = 64, 35, 5


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds of a call, after a warm-up call that fills the CPU's caches."""
    work()
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def embeddings(count: int, steps: int, channels: int) -> Embeddings:
    """Random walks: neighbouring steps are similar, as in recordings."""
    matrix = torch.randn(count, steps, channels, generator=torch.Generator().manual_seed(count)).cumsum(1)
    return Embeddings(matrix[:, 0], matrix, torch.full((count,), steps))


def compare(steps: int, channels: int) -> None:
    queries, references = embeddings(QUERIES, steps, channels), embeddings(REFERENCES, steps, channels)
    a, b = unit_steps(queries).numpy(), unit_steps(references).numpy()
    both = np.concatenate([a, b]).astype(np.float64)
    block = ((0, QUERIES), (QUERIES, QUERIES + REFERENCES))
    similarity = DTW()

    def ours() -> np.ndarray:
        return -similarity(queries, references).numpy() * steps

    def tslearn() -> np.ndarray:
        return cast(np.ndarray, cdist_dtw(a, b)) ** 2 / 2

    def dtai() -> np.ndarray:
        matrix = cast(np.ndarray, dtw_ndim.distance_matrix_fast(both, ndim=channels, block=block, compact=False, parallel=False))
        return matrix[:QUERIES, QUERIES:] ** 2 / 2

    costs = ours()
    difference = max(np.abs(costs - theirs()).max() / costs.max() for theirs in (tslearn, dtai))  # also a warm-up
    assert difference < 1e-4, difference
    taken = [(milliseconds(ours), milliseconds(tslearn), milliseconds(dtai)) for _ in range(REPEATS)]
    print(f"{steps:3d} steps, {channels:3d} channels: ours {median(t[0] for t in taken):6.1f} ms", end="")
    for place, name in ((1, "tslearn"), (2, "dtaidistance")):
        ratios = [t[place] / t[0] for t in taken]
        print(f"; {name} {median(t[place] for t in taken):7.1f}, ×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})", end="")
    print(f"; difference {difference:.0e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        for steps in (26, 101):
            for channels in (32, 256):
                compare(steps, channels)
