"""Speed of our soft-DTW against pysdtw's, forward alone and with the gradient, and how far apart they are.

Run: python benchmarks/soft_dtw.py
Both score 64 queries against 35 references of 26 or 101 steps with 32 channels, on one thread, taking turns, the processor alone.
pysdtw takes pairs, so every query is repeated for every reference, which is not counted. It knows squared Euclidean distance, twice
our 1 - cosine on steps of length 1: it is given such steps and twice the softness. Values and gradients are asserted to agree to 1e-3.
Prints CPU milliseconds and ratios, medians (least to most).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import cast

import numba
import pysdtw
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

import environment
from scratchlab.similarity.alignment import SoftDTW
from scratchlab.similarity.steps import unit_steps
from scratchlab.types import Embeddings

QUERIES, REFERENCES, CHANNELS, REPEATS = 64, 35, 32, 3


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds a call, after one that is not counted: batches come in a row, and nobody pays for the caches others left."""
    work()
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def walks(count: int, steps: int) -> Tensor:
    """Random walks of unit steps: neighbours resemble each other, as those of recordings do."""
    matrix = torch.randn(count, steps, CHANNELS, generator=torch.Generator().manual_seed(count)).cumsum(1)
    return unit_steps(embeddings(matrix))


def embeddings(matrix: Tensor) -> Embeddings:
    return Embeddings(matrix[:, 0], matrix, torch.full((len(matrix),), matrix.shape[1]))


def compare(steps: int) -> None:
    queries, references = walks(QUERIES, steps), walks(REFERENCES, steps)
    pairs = queries.repeat_interleave(REFERENCES, 0), references.repeat(QUERIES, 1, 1)
    similarity, peer = SoftDTW(gamma=0.1), pysdtw.SoftDTW(gamma=0.2, use_cuda=False)

    def ours(learn: bool) -> Tensor:
        asked = queries.detach().requires_grad_(learn)
        total = -similarity(embeddings(asked), embeddings(references)) * steps
        return torch.autograd.grad(total.sum(), asked)[0] if learn else total.detach().flatten()

    def theirs(learn: bool) -> Tensor:
        asked = pairs[0].detach().requires_grad_(learn)
        total = cast(Tensor, peer(asked, pairs[1])) / 2
        if not learn:
            return total.detach()
        # Ours does not feel the length of a step: what pysdtw's gradient has along the step is taken off.
        along = torch.autograd.grad(total.sum(), asked)[0].view(QUERIES, REFERENCES, steps, CHANNELS).sum(1)
        return along - (along * queries).sum(2, keepdim=True) * queries

    for learn in (False, True):
        mine, other = ours(learn), theirs(learn)
        apart = float((mine - other).abs().max() / other.abs().max())
        assert apart < 1e-3, apart
        taken = [(milliseconds(lambda: ours(learn)), milliseconds(lambda: theirs(learn))) for _ in range(REPEATS)]  # noqa: B023
        ratios = [b / a for a, b in taken]
        print(f"{steps:3d} steps, {'with gradient' if learn else 'forward':13s}: ours {median(a for a, _ in taken):6.1f} ms", end="")
        print(f"; pysdtw {median(b for _, b in taken):7.1f}, ×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})", end="")
        print(f"; {apart:.0e} apart")


if __name__ == "__main__":
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    with threadpool_limits(1):
        environment.tell()
        for steps in (26, 101):
            compare(steps)
