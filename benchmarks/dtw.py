"""Speed of our DTW against tslearn's cdist_dtw and dtaidistance's C path, and how far apart their costs are.

Run: python benchmarks/dtw.py
All score 64 queries against 35 references of 26 or 101 steps with 32 or 256 channels, on one thread, taking turns. The peers know
squared Euclidean distance, which is twice ours (1 - cosine) on steps of length 1: they are given such steps, whose making counts as
ours alone. tslearn and dtaidistance return the root of the total, which is squared and halved to be compared: asserted to agree to
1e-4. Ours is float32, tslearn too; dtaidistance takes float64 alone. Its fastest path for several channels is
`dtw_ndim.distance_matrix_fast` on one thread with the block of queries × references asked for.
Prints CPU milliseconds and ratios, medians (least to most).
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
    """CPU milliseconds a call, after one that is not counted: batches come in a row, and nobody pays for the caches others left."""
    work()
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def embeddings(count: int, steps: int, channels: int) -> Embeddings:
    """Random walks: steps that resemble their neighbours, as those of recordings do."""
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
    apart = max(np.abs(costs - theirs()).max() / costs.max() for theirs in (tslearn, dtai))  # also warms everyone up
    assert apart < 1e-4, apart
    taken = [(milliseconds(ours), milliseconds(tslearn), milliseconds(dtai)) for _ in range(REPEATS)]
    print(f"{steps:3d} steps, {channels:3d} channels: ours {median(t[0] for t in taken):6.1f} ms", end="")
    for place, name in ((1, "tslearn"), (2, "dtaidistance")):
        ratios = [t[place] / t[0] for t in taken]
        print(f"; {name} {median(t[place] for t in taken):7.1f}, ×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})", end="")
    print(f"; {apart:.0e} apart")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        environment.tell()
        for steps in (26, 101):
            for channels in (32, 256):
                compare(steps, channels)
