"""Centred kernel alignment (CKA) of matrix embeddings, by second moments of channels or by products of steps, whichever is cheaper.

With F, P `[t, c]` whose steps are centred over their channels,

    CKA(F, P) = ‖F Pᵀ‖²_F / (‖F Fᵀ‖_F · ‖P Pᵀ‖_F) = <FᵀF, PᵀP> / (‖FᵀF‖_F · ‖PᵀP‖_F):

the cosine of two `[c, c]` matrices, so that n · m comparisons are one matrix product. Sums over steps do not depend on their order: CKA
cannot distinguish a clip from its reversal. Sources: Kornblith et al. (2019), arXiv 1905.00414, eq. 4; between sets of primitives: Zou et
al. (2024), "Compositional Few-Shot Class-Incremental Learning", arXiv 2405.17022.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import real_steps
from scratchlab.types import Embeddings

TILE = 2**25  # numbers in memory at once for a tile of queries
PART = 32  # channels whose moments with all others are computed at once: they fit into the CPU's cache


def centred(embeddings: Embeddings) -> tuple[Tensor, Tensor]:
    """Return each matrix F, centred over channels and scaled to a maximum of 1, `[n, t, c]`, and ‖FᵀF‖_F of the result, `[n]`.

    A matrix that does not vary over channels (silence, for example) becomes zero, with norm 1, so that its CKA with everything is 0.
    """
    matrix, real = embeddings.matrix, real_steps(embeddings)
    mean, number = matrix.mean(2, keepdim=True), torch.finfo(matrix.dtype)
    deviation = matrix - mean
    with torch.no_grad():
        # Norms of moments are fourth powers, which overflow or underflow long before the values do; hence the scale. It cancels in CKA,
        # so it needs no gradient.
        largest = (deviation.abs().amax(2) * real).amax(1)
        offset = (mean[:, :, 0].abs() * real).amax(1)
        varies = (largest > 4 * number.eps * offset) & (largest > number.tiny)  # smaller differences are rounding errors
        scale = real * (varies / largest.where(varies, 1.0))[:, None]
    scaled = deviation * scale[..., None]
    gram = scaled @ scaled.mT if matrix.shape[1] < matrix.shape[2] else scaled.mT @ scaled  # either has the same norm, 1 or more
    norm = cast(Tensor, torch.linalg.vector_norm(gram, dim=(1, 2)))
    return scaled, norm.where(varies, 1.0)


def by_channels(queries: Tensor, references: Tensor) -> Tensor:
    """<FᵀF, PᵀP> `[n, m]` of `[n, t, c]` and `[m, s, c]`. The moments are symmetric: one half is computed, and counted twice."""
    channels, total = queries.shape[2], queries.new_zeros(len(queries), len(references))
    for first in range(0, channels, PART):
        part = slice(first, first + PART)
        of_queries = queries[:, :, part].mT @ queries[:, :, first:]
        of_references = references[:, :, part].mT @ references[:, :, first:]
        of_references[:, :, PART:] *= 2
        total = total + of_queries.flatten(1) @ of_references.flatten(1).T
    return total


def by_steps(queries: Tensor, references: Tensor) -> Tensor:
    """Like `by_channels`, computed as ‖F Pᵀ‖²_F: cheaper for few pairs of short matrices with many channels."""
    (n, t, channels), (m, s, _) = queries.shape, references.shape
    products = queries.reshape(n * t, channels) @ references.reshape(m * s, channels).T
    return products.view(n, t, m, s).square().sum((1, 3))


class CKA(Similarity):
    """Linear CKA of two matrices, which may differ in their numbers of steps; independent of the order of steps.

    Of matrices `[n, t, c]` with matrices `[m, s, c]`, it gives `[n, m]`.

    >>> x, y = torch.eye(3)[None, [0, 1]], torch.eye(3)[None, [0, 0, 2]]  # one of two steps, one of three: [1, 2, 3] and [1, 3, 3]
    >>> CKA()(x, y)
    tensor([[0.7746]])
    """

    reads, sees_order = "matrix", False

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores in [0, 1]; 0 for a matrix that is constant over channels."""
        (of_queries, query_norms), (of_references, reference_norms) = centred(queries), centred(references)
        (n, t, channels), (m, s, _) = of_queries.shape, of_references.shape
        # Multiplications: half of the moments are computed, but by small products, which are half as fast as one large one.
        work = (n * t + m * s) * channels**2 + n * m * channels**2 / 2
        products, size = (by_channels, 2 * PART * channels) if work < n * m * t * s * channels else (by_steps, t * m * s)
        tile = max(1, TILE // max(1, size))
        parts = [products(of_queries[i : i + tile], of_references) for i in range(0, n, tile)]
        return (parts[0] if len(parts) == 1 else torch.cat(parts)) / (query_norms[:, None] * reference_norms)
