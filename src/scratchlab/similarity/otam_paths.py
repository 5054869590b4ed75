"""Ordered temporal alignment (OTAM): every step of one input is aligned, in order; first and last steps of the other may stay unaligned.

Source: Cao, Ji, Cao, Chang & Niebles, Few-shot video classification via temporal alignment (CVPR 2020), arXiv 1906.11415, equations
6 to 10. A column of zeros before the first and after the last lets a path begin and end at any row; inside, a path visits each column
once, and may move down only in the first and the last. With costs D = 1 - cosine `[a, b]` and S the soft minimum of softness lambda:

    G(i, 0) = 0,   G(i, 1) = D(i, 1) + S(G(i-1, 0), G(i, 0), G(i-1, 1)),   G(i, j) = D(i, j) + S(G(i-1, j-1), G(i, j-1)),
    G(i, b+1) = S(G(i-1, b), G(i, b), G(i-1, b+1)),   and the total is G(a, b+1).

Departure from the paper: the total of a direction is divided by the number of steps that it aligns, since lengths may differ here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.similarity.interface import MeanOrShots, Similarity
from scratchlab.similarity.steps import pairwise
from scratchlab.types import Embeddings

CELLS = 1 << 18  # pairs of steps per tile; about thirty tensors of this size are kept for the gradient
FAR = 1e30


def totals(cost: Tensor, n: Tensor, m: Tensor, softness: float) -> Tensor:
    """Total costs `[lanes]` of costs `[a, b, lanes]`, with every column aligned. Computes V = -G / softness, by log-sum-exp.

    A column depends only on the one before, so it is computed at once for all rows and lanes (pairs of inputs).
    """
    columns, shortest = (-cost / softness).unbind(1), int(m.min())
    cells = columns[0].unbind(0)
    down = [cells[0]]  # the first cell has a single predecessor, on its left
    for score in cells[1:]:
        down.append(score + torch.logaddexp(down[-1], torch.full_like(score, math.log(2))))
    column = torch.stack(down)
    impossible = torch.full_like(column[:1], -FAR)
    last = column
    for j, score in enumerate(columns[1:], start=1):
        column = score + torch.logaddexp(column, torch.cat([impossible, column[:-1]]))
        last = column if j < shortest else torch.where(m > j, column, last)
    # The column of zeros after the last: moving down in it costs nothing.
    arrived = torch.logaddexp(last, torch.cat([impossible, last[:-1]]))
    ends = torch.logcumsumexp(arrived, 0)
    return -softness * ends.gather(0, n[None] - 1)[0]


@dataclass(kw_only=True, eq=False)
class OTAM(Similarity):
    """Negative cost of ordered temporal alignment, averaged over both directions: each input's steps aligned with the other's.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`.

    >>> x, y = torch.eye(3)[None, [0, 1]], torch.eye(3)[None, [0, 0, 2]]  # one of two steps, one of three: [1, 2, 3] and [1, 3, 3]
    >>> OTAM()(x, y)  # a third of one and half of the other do not match: (1 / 3 + 1 / 2) / 2, softened
    tensor([[-0.3342]])
    """

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    softness: Annotated[float, Field(gt=0, description="lambda: softness of the minimum, in units of cost")] = 0.1

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores in [-2, 0], or slightly above 0 if many paths are equally good, since the soft minimum lies below the minimum."""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            cost = 1 - cosine
            forward, backward = totals(cost, n, m, self.softness), totals(cost.transpose(0, 1), m, n, self.softness)
            return -(forward / m + backward / n) / 2

        return pairwise(align, queries, references, CELLS, CELLS)
