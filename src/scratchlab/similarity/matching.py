"""Similarities that match the steps of two matrices without aligning them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scratchlab.similarity.interface import MeanOrShots, Similarity
from scratchlab.similarity.sequences import real_steps
from scratchlab.similarity.steps import unit_steps
from scratchlab.types import Embeddings

TILE = 2**24  # cosines in memory at once in the Chamfer similarity


def _same_steps(queries: Tensor, references: Tensor, query_lengths: Tensor, reference_lengths: Tensor) -> Tensor:
    """Sum of inner products of step i with step i, divided by the longer length: `[n, m]` of `[n, t, c]` and `[m, s, c]`."""
    steps = min(queries.shape[1], references.shape[1])
    products = queries[:, :steps].flatten(1) @ references[:, :steps].flatten(1).T
    return products / torch.maximum(query_lengths[:, None], reference_lengths[None])


class OneToOne(Similarity):
    """Mean cosine of step i with step i, without any warping of time. Steps beyond the end of the shorter input count as 0.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`.

    >>> x, y = torch.eye(3)[None, [0, 1]], torch.eye(3)[None, [0, 0, 2]]  # one of two steps, one of three: [1, 2, 3] and [1, 3, 3]
    >>> OneToOne()(x, y)  # the first steps agree
    tensor([[0.3333]])
    """

    reads, sees_order = "matrix", True

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores in [-1, 1]."""
        return _same_steps(unit_steps(queries), unit_steps(references), queries.lengths, references.lengths)


class Product(Similarity):
    """Mean inner product of step i with step i: `OneToOne` without normalisation, so steps of large norm dominate.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`.

    >>> x = torch.tensor([[[2.0, 0.0], [0.0, 1.0]]])  # one matrix of two steps: [1, 2, 2]
    >>> Product()(x, x)  # (2² + 1²) / 2
    tensor([[2.5000]])
    """

    reads, sees_order = "matrix", True

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Unbounded scores."""
        x, y = (embeddings.matrix * real_steps(embeddings)[..., None] for embeddings in (queries, references))
        return _same_steps(x, y, queries.lengths, references.lengths)


@dataclass(kw_only=True, eq=False)
class Chamfer(Similarity):
    """Each step's largest cosine with a step of the other matrix, averaged over steps, then over both directions.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`, independent of the order of steps. Source: Fan, Su & Guibas
    (2017), arXiv 1612.00603, section 4.2, with cosine as the distance.

    >>> x, y = torch.eye(3)[None, [0, 1]], torch.eye(3)[None, [0, 0, 2]]  # one of two steps, one of three: [1, 2, 3] and [1, 3, 3]
    >>> Chamfer()(x, y)  # one of two steps, and two of three, have an equal in the other
    tensor([[0.5833]])
    """

    reads, sees_order = "matrix", False

    references: MeanOrShots = "shots"

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores in [-1, 1]."""
        tile = max(1, TILE // max(1, queries.matrix.shape[1] * references.matrix[:, :, 0].numel()))
        parts = [self._tile(queries.at(slice(i, i + tile)), references) for i in range(0, len(queries), tile)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @staticmethod
    def _tile(queries: Embeddings, references: Embeddings) -> Tensor:
        real, real_references = real_steps(queries), real_steps(references)
        cosines = torch.einsum("itc,jsc->ijts", unit_steps(queries), unit_steps(references))
        cosines = cosines.masked_fill(~(real[:, None, :, None] & real_references[None, :, None, :]), -2.0)  # below every cosine
        of_queries = (cosines.amax(3) * real[:, None]).sum(2) / queries.lengths[:, None]
        of_references = (cosines.amax(2) * real_references[None]).sum(2) / references.lengths[None]
        return (of_queries + of_references) / 2
