"""Speed of our CKA against the plain form, which takes every pair's products of steps with steps.

Run: python benchmarks/cka_similarity.py
64 queries against 35 references of T steps and c channels, one thread, the two taking turns: scores alone, and scores with their gradient.
Prints CPU milliseconds and their ratio, once both are found equal. Ours makes one `[c, c]` matrix an input instead of one `[T, T]` matrix a
pair, so it gains most where matrices are long and has nothing to gain where T is far below c.
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
    asked, known = (one.matrix - one.matrix.mean(2, keepdim=True) for one in (queries, references))
    products = torch.einsum("itc,jsc->ijts", asked, known).square().sum((2, 3))
    mine, theirs = (torch.einsum("itc,isc->its", one, one).square().sum((1, 2)).sqrt() for one in (asked, known))
    return products / (mine[:, None] * theirs)


def embeddings(n: int, steps: int, channels: int) -> Embeddings:
    """Random ones, as after a ReLU."""
    return Embeddings(torch.zeros(n, 1), torch.randn(n, steps, channels).relu(), torch.full((n,), steps))


def gradients(score: Score, queries: Embeddings, references: Embeddings) -> list[Tensor]:
    """Those of the summed scores by both arguments: forward and backward, as in training."""
    both = [Embeddings(one.vector, one.matrix.clone().requires_grad_(), one.lengths) for one in (queries, references)]
    score(*both).sum().backward()
    return [one.matrix.grad for one in both if one.matrix.grad is not None]


def milliseconds(work: Callable[[], object], times: int) -> float:
    """CPU milliseconds of one call."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) * 1000 / times


def compare(steps: int, channels: int) -> None:
    """Both in turn; prints the median times and ratio."""
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
    environment.tell()
    for steps in (26, 101):
        for channels in (32, 256):
            compare(steps, channels)
