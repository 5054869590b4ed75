"""Centred kernel alignment of matrix embeddings, by channel second moments or by steps, whichever is cheaper.

With F, P `[t, c]` whose steps are centred over their channels,

    CKA(F, P) = ‖F Pᵀ‖²_F / (‖F Fᵀ‖_F · ‖P Pᵀ‖_F) = <FᵀF, PᵀP> / (‖FᵀF‖_F · ‖PᵀP‖_F):

the cosine of two `[c, c]` matrices, so that n · m comparisons are one matrix product. A sum over steps forgets their order: CKA cannot
tell a clip from its reversal. Sources: Kornblith et al. (2019), arXiv 1905.00414, eq. 4; between sets of primitives: Zou et al.
(2024), "Compositional Few-Shot Class-Incremental Learning", arXiv 2405.17022.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import real_steps
from scratchlab.types import Embeddings

TILE = 2**25  # numbers held at once for some queries
PART = 32  # channels whose moments with all others are made at once: they stay in the processor's cache


def centred(embeddings: Embeddings) -> tuple[Tensor, Tensor]:
    """Each matrix F centred over channels and scaled to 1 at its largest, `[n, t, c]`, and then ‖FᵀF‖_F, `[n]`.

    A matrix without variation over channels (silence, say) has no direction: it is all zeros, its norm 1, so that it is alike to nothing.
    """
    matrix, real = embeddings.matrix, real_steps(embeddings)
    mean, number = matrix.mean(2, keepdim=True), torch.finfo(matrix.dtype)
    moved = matrix - mean
    with torch.no_grad():
        # The moments are squares, whose squares overflow or vanish long before the values do; hence the scale. It divides out again, so
        # its gradient is none of ours.
        largest = (moved.abs().amax(2) * real).amax(1)
        offset = (mean[:, :, 0].abs() * real).amax(1)
        varies = (largest > 4 * number.eps * offset) & (largest > number.tiny)  # what is left of a constant is rounding
        scale = real * (varies / largest.where(varies, 1.0))[:, None]
    scaled = moved * scale[..., None]
    gram = scaled @ scaled.mT if matrix.shape[1] < matrix.shape[2] else scaled.mT @ scaled  # either has the same norm, 1 or more
    norm = cast(Tensor, torch.linalg.vector_norm(gram, dim=(1, 2)))
    return scaled, norm.where(varies, 1.0)


def by_channels(queries: Tensor, references: Tensor) -> Tensor:
    """`[n, t, c]`, `[m, s, c]` -> `[n, m]`: <FᵀF, PᵀP>. The products are symmetric: half of each is made, and counts twice."""
    channels, total = queries.shape[2], queries.new_zeros(len(queries), len(references))
    for first in range(0, channels, PART):
        part = slice(first, first + PART)
        mine = queries[:, :, part].mT @ queries[:, :, first:]
        theirs = references[:, :, part].mT @ references[:, :, first:]
        theirs[:, :, PART:] *= 2
        total = total + mine.flatten(1) @ theirs.flatten(1).T
    return total


def by_steps(queries: Tensor, references: Tensor) -> Tensor:
    """The same by ‖F Pᵀ‖²_F: for a few pairs of short matrices with many channels."""
    (n, t, channels), (m, s, _) = queries.shape, references.shape
    products = queries.reshape(n * t, channels) @ references.reshape(m * s, channels).T
    return products.view(n, t, m, s).square().sum((1, 3))


class CKA(Similarity):
    """Linear CKA of two matrices of any two numbers of steps; it cannot see their order."""

    reads, sees_order = "matrix", False

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """In [0, 1]; 0 for a matrix that is constant over channels."""
        (asked, mine), (known, theirs) = centred(queries), centred(references)
        (n, t, channels), (m, s, _) = asked.shape, known.shape
        # Multiplications of both ways; half of the moments is made, by products half as fast as one large one.
        work = (n * t + m * s) * channels**2 + n * m * channels**2 / 2
        way, held = (by_channels, 2 * PART * channels) if work < n * m * t * s * channels else (by_steps, t * m * s)
        tile = max(1, TILE // max(1, held))
        parts = [way(asked[i : i + tile], known) for i in range(0, n, tile)]
        return (parts[0] if len(parts) == 1 else torch.cat(parts)) / (mine[:, None] * theirs)
