"""Similarities of vector embeddings."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings


def cosine(queries: Tensor, references: Tensor) -> Tensor:
    """`[..., n, d]`, `[..., m, d]` -> `[..., n, m]` in [-1, 1]. A zero vector is at 0 from everything: it points nowhere.

    >>> import torch
    >>> cosine(torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return F.normalize(queries, dim=-1) @ F.normalize(references, dim=-1).mT


def squared_distance(queries: Tensor, references: Tensor) -> Tensor:
    """`[..., n, d]`, `[..., m, d]` -> `[..., n, m]`: squared Euclidean distances.

    >>> import torch
    >>> squared_distance(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0], [3.0, 0.0]])).tolist()
    [[25.0, 0.0]]
    """
    squares = queries.square().sum(-1)[..., :, None] + references.square().sum(-1)[..., None, :]
    return (squares - 2 * queries @ references.mT).clamp_min(0)


class VectorSimilarity(Similarity):
    """A similarity of the vectors alone, which compares many sets of queries and references at once as well as one."""

    reads, sees_order = "vector", False

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """`[n, m]`, by `vectors`."""
        return self.vectors(queries.vector, references.vector)

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """`[..., n, d]`, `[..., m, d]` -> `[..., n, m]`, set by set: what each similarity of vectors defines."""
        raise NotImplementedError


class Cosine(VectorSimilarity):
    """Cosine of the vectors."""

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """In [-1, 1]."""
        return cosine(queries, references)


class CentredCosine(VectorSimilarity):
    """Cosine of what is left of the vectors once the mean vector of the training rows is taken off.

    The mean is set when training is over; until then, and so in a loss, it is the plain cosine. Source: CL2N of Wang et al. (2019),
    "SimpleShot", arXiv 1911.04623. There each reference is normalised and then their mean is taken; here the mean of references is
    normalised, which is the same where there is one reference.
    """

    mean: Tensor | None = None

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """In [-1, 1]."""
        return cosine(queries, references) if self.mean is None else cosine(queries - self.mean, references - self.mean)


class L2(VectorSimilarity):
    """Negative squared Euclidean distance of the vectors. Source: Snell et al. (2017), arXiv 1703.05175, section 2.3."""

    is_distance = True

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """0 for equals, below it otherwise."""
        return -squared_distance(queries, references)


class Linear(VectorSimilarity):
    """The affine readout of most classifiers, w·x + b, of learned rows; a prototype p has the row that makes it one, p·x - ½‖p‖².

    The latter orders classes as L2 does. Source: Snell et al. (2017), arXiv 1703.05175, section 2.4, eq. 8.
    """

    biased = True

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """Queries of d numbers, references of d (prototypes) or d + 1 (rows with their bias last)."""
        x, r = queries, references
        if r.shape[-1] == x.shape[-1]:
            return x @ r.mT - r.square().sum(-1)[..., None, :] / 2
        return x @ r[..., :-1].mT + r[..., None, :, -1]
