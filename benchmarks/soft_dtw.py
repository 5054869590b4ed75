"""Speed of our soft-DTW compared with pysdtw, forward only and with the gradient, and the difference between their results.

Run: python benchmarks/soft_dtw.py
Both score 64 queries against 35 references of 26 or 101 steps with 32 channels, on one CPU thread, in turns. pysdtw takes pairs, so every
query is repeated for every reference beforehand. It uses squared Euclidean distances, which for unit steps are twice our 1 - cosine: it
gets unit steps and twice the softness. Values and gradients must agree to 1e-3. Prints CPU milliseconds and ratios as medians (min to max).
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
    """CPU milliseconds of a call, after a warm-up call that fills the CPU's caches."""
    work()
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def walks(count: int, steps: int) -> Tensor:
    """Random walks of unit steps: neighbouring steps are similar, as in recordings."""
    matrix = torch.randn(count, steps, CHANNELS, generator=torch.Generator().manual_seed(count)).cumsum(1)
    return unit_steps(embeddings(matrix))


def embeddings(matrix: Tensor) -> Embeddings:
    return Embeddings(matrix[:, 0], matrix, torch.full((len(matrix),), matrix.shape[1]))


def compare(steps: int) -> None:
    queries, references = walks(QUERIES, steps), walks(REFERENCES, steps)
    pairs = queries.repeat_interleave(REFERENCES, 0), references.repeat(QUERIES, 1, 1)
    similarity, peer = SoftDTW(gamma=0.1), pysdtw.SoftDTW(gamma=0.2, use_cuda=False)

    def ours(learn: bool) -> Tensor:
        x = queries.detach().requires_grad_(learn)
        total = -similarity(embeddings(x), embeddings(references)) * steps
        return torch.autograd.grad(total.sum(), x)[0] if learn else total.detach().flatten()

    def theirs(learn: bool) -> Tensor:
        x = pairs[0].detach().requires_grad_(learn)
        total = cast(Tensor, peer(x, pairs[1])) / 2
        if not learn:
            return total.detach()
        # Ours does not depend on the norm of a step: the component of pysdtw's gradient along the step is subtracted.
        along = torch.autograd.grad(total.sum(), x)[0].view(QUERIES, REFERENCES, steps, CHANNELS).sum(1)
        return along - (along * queries).sum(2, keepdim=True) * queries

    for learn in (False, True):
        our_result, their_result = ours(learn), theirs(learn)
        difference = float((our_result - their_result).abs().max() / their_result.abs().max())
        assert difference < 1e-3, difference
        taken = [(milliseconds(lambda: ours(learn)), milliseconds(lambda: theirs(learn))) for _ in range(REPEATS)]  # noqa: B023
        ratios = [b / a for a, b in taken]
        print(f"{steps:3d} steps, {'with gradient' if learn else 'forward':13s}: ours {median(a for a, _ in taken):6.1f} ms", end="")
        print(f"; pysdtw {median(b for _, b in taken):7.1f}, ×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})", end="")
        print(f"; difference {difference:.0e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    with threadpool_limits(1):
        environment.print_environment()
        for steps in (26, 101):
            compare(steps)
