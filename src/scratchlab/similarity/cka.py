"""Centred kernel alignment of matrix embeddings, by channel second moments.

With F, P `[t, c]` whose steps are centred over their channels,

    CKA(F, P) = ‖F Pᵀ‖²_F / (‖F Fᵀ‖_F · ‖P Pᵀ‖_F) = <FᵀF, PᵀP> / (‖FᵀF‖_F · ‖PᵀP‖_F):

the cosine of two `[c, c]` matrices, so that n · m comparisons are one matrix product. A sum over steps forgets their order: CKA cannot
tell a clip from its reversal. Sources: Kornblith et al. (2019), arXiv 1905.00414, eq. 4; between sets of primitives: Zou et al.
(2024), "Compositional Few-Shot Class-Incremental Learning", arXiv 2405.17022.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from scratchlab.similarity.interface import References, Similarity, Stream
from scratchlab.similarity.sequences import real_steps
from scratchlab.types import Embeddings

TILE = 2**25  # numbers held at once for the moments of some queries


def moments(embeddings: Embeddings) -> Tensor:
    """`[n, c (c + 1) / 2]` of unit length: what CKA sees of each matrix, so that the products of two are their CKA.

    A matrix without variation over channels (silence, say) has no direction: it is all zeros, alike to nothing.
    """
    matrix, real = embeddings.matrix, real_steps(embeddings)
    centred = (matrix - matrix.mean(2, keepdim=True)) * real[..., None]
    # Scaled to unit size first: the moments are squares, whose squares overflow or vanish long before the values do.
    centred = centred / centred.detach().abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(matrix.dtype).tiny)
    channels = matrix.shape[2]
    upper = torch.triu_indices(channels, channels, device=matrix.device)
    twice = torch.where(upper[0] == upper[1], 1.0, math.sqrt(2.0)).to(matrix.dtype)
    return F.normalize((centred.transpose(1, 2) @ centred)[:, upper[0], upper[1]] * twice, dim=1)


class CKA(Similarity):
    """Linear CKA of two matrices of any two numbers of steps; it cannot see their order."""

    reads, sees_order = "matrix", False

    def __init__(self, *, references: References = "mean", stream: Stream = "") -> None:
        super().__init__(references, stream)

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """In [0, 1]; 0 for a matrix that is constant over channels."""
        known, channels = moments(references), queries.matrix.shape[2]
        tile = max(1, TILE // (2 * channels * channels))
        parts = [moments(queries.at(slice(i, i + tile))) @ known.T for i in range(0, len(queries), tile)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)
