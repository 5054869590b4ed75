"""Ordered temporal alignment: every step of one input finds a partner, in order, and the other's first and last steps may go without.

Source: Cao, Ji, Cao, Chang & Niebles, Few-shot video classification via temporal alignment (CVPR 2020), arXiv 1906.11415, equations
6 to 10. A column of zeros before the first and after the last lets a path begin and end at any row; inside, each column is visited
once; only in the first and the last may a path go down. With the costs D = 1 - cosine `[a, b]`, S the soft minimum of softness lambda:

    G(i, 0) = 0,   G(i, 1) = D(i, 1) + S(G(i-1, 0), G(i, 0), G(i-1, 1)),   G(i, j) = D(i, j) + S(G(i-1, j-1), G(i, j-1)),
    G(i, b+1) = S(G(i-1, b), G(i, b), G(i-1, b+1)),   and the total is G(a, b+1).

Departs from it in that a direction's total is divided by the steps it pairs, since lengths may differ here.
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

CELLS = 1 << 18  # pairs of steps a tile; some thirty tensors of its size are kept for its gradient
FAR = 1e30


def totals(cost: Tensor, n: Tensor, m: Tensor, softness: float) -> Tensor:
    """`[a, b, lanes]` -> `[lanes]`, every column paired. In units of `softness`, minus G is a sum of exponentials: V = -G / softness.

    Columns depend on the one before alone, so each is one step on all rows and lanes at once.
    """
    columns, shortest = (-cost / softness).unbind(1), int(m.min())
    cells = columns[0].unbind(0)
    down = [cells[0]]  # the very first cell has one way in: from its left
    for score in cells[1:]:
        down.append(score + torch.logaddexp(down[-1], torch.full_like(score, math.log(2))))
    column = torch.stack(down)
    nowhere = torch.full_like(column[:1], -FAR)
    last = column
    for j, score in enumerate(columns[1:], start=1):
        column = score + torch.logaddexp(column, torch.cat([nowhere, column[:-1]]))
        last = column if j < shortest else torch.where(m > j, column, last)
    # The column of zeros behind the last: whoever has arrived there goes down for nothing.
    arrived = torch.logaddexp(last, torch.cat([nowhere, last[:-1]]))
    ends = torch.logcumsumexp(arrived, 0)
    return -softness * ends.gather(0, n[None] - 1)[0]


@dataclass(kw_only=True, eq=False)
class OTAM(Similarity):
    """Negative cost of ordered temporal alignment, the mean of both directions: each one's steps among the other's."""

    reads, sees_order, is_distance = "matrix", True, True

    references: MeanOrShots = "shots"
    softness: Annotated[float, Field(gt=0, description="lambda, softness of the minimum, in units of cost")] = 0.1

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Above 0 by a little where many ways are equally good, as the soft minimum lies below the least."""

        def align(cosine: Tensor, n: Tensor, m: Tensor) -> Tensor:
            cost = 1 - cosine
            there, back = totals(cost, n, m, self.softness), totals(cost.transpose(0, 1), m, n, self.softness)
            return -(there / m + back / n) / 2

        return pairwise(align, queries, references, CELLS, CELLS)
