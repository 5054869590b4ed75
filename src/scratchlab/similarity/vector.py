"""Similarities of vector embeddings."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from scratchlab.similarity.interface import References, Similarity, Stream
from scratchlab.types import Embeddings


def cosine(queries: Tensor, prototypes: Tensor) -> Tensor:
    """`[n, d]`, `[c, d]` -> `[n, c]` in [-1, 1]. A zero vector is at 0 from everything: it points nowhere.

    >>> import torch
    >>> cosine(torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return F.normalize(queries, dim=1) @ F.normalize(prototypes, dim=1).T


def squared_distance(queries: Tensor, references: Tensor) -> Tensor:
    """`[n, d]`, `[m, d]` -> `[n, m]`: squared Euclidean distances.

    >>> import torch
    >>> squared_distance(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0], [3.0, 0.0]])).tolist()
    [[25.0, 0.0]]
    """
    squares = queries.square().sum(1)[:, None] + references.square().sum(1)[None]
    return (squares - 2 * queries @ references.T).clamp_min(0)


class Cosine(Similarity):
    """Cosine of the vectors."""

    reads, sees_order = "vector", False

    def __init__(self, *, references: References = "mean", stream: Stream = "") -> None:
        super().__init__(references, stream)

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """In [-1, 1]."""
        return cosine(queries.vector, references.vector)


class L2(Similarity):
    """Negative squared Euclidean distance of the vectors. Source: Snell et al. (2017), arXiv 1703.05175, section 2.3."""

    reads, sees_order, costs = "vector", False, True

    def __init__(self, *, references: References = "mean", stream: Stream = "") -> None:
        super().__init__(references, stream)

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """0 for equals, below it otherwise."""
        return -squared_distance(queries.vector, references.vector)


class Linear(Similarity):
    """The affine readout of most classifiers, w·x + b, of learned rows; a prototype p has the row that makes it one, p·x - ½‖p‖².

    The latter orders classes as L2 does. Source: Snell et al. (2017), arXiv 1703.05175, section 2.4, eq. 8.
    """

    reads, sees_order, biased = "vector", False, True

    def __init__(self, *, references: References = "mean", stream: Stream = "") -> None:
        super().__init__(references, stream)

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Queries of d numbers, references of d (prototypes) or d + 1 (rows with their bias last)."""
        x, r = queries.vector, references.vector
        if r.shape[1] == x.shape[1]:
            return x @ r.T - r.square().sum(1) / 2
        return x @ r[:, :-1].T + r[:, -1]
