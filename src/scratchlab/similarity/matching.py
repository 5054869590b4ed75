"""Similarities that match the steps of two matrices without aligning them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scratchlab.similarity.interface import MeanOrShots, Similarity
from scratchlab.similarity.sequences import real_steps
from scratchlab.similarity.steps import unit_steps
from scratchlab.types import Embeddings

TILE = 2**24  # cosines held at once by the Chamfer similarity


def _same_steps(queries: Tensor, references: Tensor, lengths: Tensor, known: Tensor) -> Tensor:
    """`[n, t, c]`, `[m, s, c]` -> `[n, m]`: products of step i with step i, summed, over the longer of both lengths."""
    steps = min(queries.shape[1], references.shape[1])
    products = queries[:, :steps].flatten(1) @ references[:, :steps].flatten(1).T
    return products / torch.maximum(lengths[:, None], known[None])


class OneToOne(Similarity):
    """Mean cosine of step i with step i: rigid in time. A step that the other lacks counts as 0."""

    reads, sees_order = "matrix", True

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """In [-1, 1]."""
        return _same_steps(unit_steps(queries), unit_steps(references), queries.lengths, references.lengths)


class Product(Similarity):
    """Mean over the steps of the inner product of step i with step i: `OneToOne` without its normalisation, so long steps win."""

    reads, sees_order = "matrix", True

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Unbounded."""
        asked, known = (one.matrix * real_steps(one)[..., None] for one in (queries, references))
        return _same_steps(asked, known, queries.lengths, references.lengths)


@dataclass(kw_only=True, eq=False)
class Chamfer(Similarity):
    """Each step's cosine with its best partner in the other matrix, averaged over the steps of each, then over both directions.

    Source: Fan, Su & Guibas (2017), arXiv 1612.00603, section 4.2, with cosine for distance. A set knows no order, nor does this.
    """

    reads, sees_order = "matrix", False

    references: MeanOrShots = "shots"

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """In [-1, 1]."""
        tile = max(1, TILE // max(1, queries.matrix.shape[1] * references.matrix[:, :, 0].numel()))
        parts = [self._tile(queries.at(slice(i, i + tile)), references) for i in range(0, len(queries), tile)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @staticmethod
    def _tile(queries: Embeddings, references: Embeddings) -> Tensor:
        mine, theirs = real_steps(queries), real_steps(references)
        cosines = torch.einsum("itc,jsc->ijts", unit_steps(queries), unit_steps(references))
        cosines = cosines.masked_fill(~(mine[:, None, :, None] & theirs[None, :, None, :]), -2.0)  # below every cosine
        there = (cosines.amax(3) * mine[:, None]).sum(2) / queries.lengths[:, None]
        back = (cosines.amax(2) * theirs[None]).sum(2) / references.lengths[None]
        return (there + back) / 2
