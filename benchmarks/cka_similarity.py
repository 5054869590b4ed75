"""Speed of our CKA similarity compared with the plain form, which computes the products of all steps for every pair.

Run: python benchmarks/cka_similarity.py
64 queries against 35 references of T steps and c channels, on one thread, in turns: scores only, and scores with their gradient. Prints CPU
milliseconds and their ratio, after checking that the results are equal. Ours computes one `[c, c]` matrix per input instead of one `[T, T]`
matrix per pair, so it is faster for long matrices, and no faster if T is far below c.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

import environment
from scratchlab.similarity.cka_matrices import CKA
from scratchlab.types import Embeddings

QUERIES, REFERENCES, REPEATS = 64, 35, 9
Score = Callable[[Embeddings, Embeddings], Tensor]


def plain(queries: Embeddings, references: Embeddings) -> Tensor:
    """‖F Pᵀ‖² / (‖F Fᵀ‖ ‖P Pᵀ‖) of every pair, from centred steps."""
    f, p = (side.matrix - side.matrix.mean(2, keepdim=True) for side in (queries, references))
    products = torch.einsum("itc,jsc->ijts", f, p).square().sum((2, 3))
    f_norms, p_norms = (torch.einsum("itc,isc->its", x, x).square().sum((1, 2)).sqrt() for x in (f, p))
    return products / (f_norms[:, None] * p_norms)


def embeddings(n: int, steps: int, channels: int) -> Embeddings:
    """Random embeddings, rectified as after a ReLU."""
    return Embeddings(torch.zeros(n, 1), torch.randn(n, steps, channels).relu(), torch.full((n,), steps))


def gradients(score: Score, queries: Embeddings, references: Embeddings) -> list[Tensor]:
    """Gradients of the sum of scores by both arguments: forward and backward pass, as in training."""
    inputs = [Embeddings(x.vector, x.matrix.clone().requires_grad_(), x.lengths) for x in (queries, references)]
    score(*inputs).sum().backward()
    return [x.matrix.grad for x in inputs if x.matrix.grad is not None]


def milliseconds(work: Callable[[], object], times: int) -> float:
    """CPU milliseconds of one call."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) * 1000 / times


def compare(steps: int, channels: int) -> None:
    """Time both in turns; print median times and their ratio."""
    queries, references, ours = embeddings(QUERIES, steps, channels), embeddings(REFERENCES, steps, channels), CKA()
    torch.testing.assert_close(ours(queries, references), plain(queries, references), atol=1e-5, rtol=1e-4)
    for one, other in zip(gradients(ours, queries, references), gradients(plain, queries, references), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)
    for name, works in {
        "scores      ": (lambda: ours(queries, references), lambda: plain(queries, references)),
        "and gradient": (lambda: gradients(ours, queries, references), lambda: gradients(plain, queries, references)),
    }.items():
        taken = [[milliseconds(work, 3) for work in works] for _ in range(REPEATS)]
        fast, slow = (median(column) for column in zip(*taken, strict=True))
        ratios = [b / a for a, b in taken]
        print(f"T={steps:3} c={channels:3} {name}: ours {fast:6.2f}, plain {slow:6.2f} CPU ms; ", end="")
        print(f"×{median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})")


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    environment.print_environment()
    for steps in (26, 101):
        for channels in (32, 256):
            compare(steps, channels)
