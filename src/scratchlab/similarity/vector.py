"""Similarities of vector embeddings."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from scratchlab.similarity.interface import Similarity
from scratchlab.types import Embeddings


def cosine(queries: Tensor, references: Tensor) -> Tensor:
    """Cosines `[..., n, m]` of `[..., n, d]` and `[..., m, d]`; 0 for a zero vector.

    >>> import torch
    >>> cosine(torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return F.normalize(queries, dim=-1) @ F.normalize(references, dim=-1).mT


def squared_distance(queries: Tensor, references: Tensor) -> Tensor:
    """Squared Euclidean distances `[..., n, m]` of `[..., n, d]` and `[..., m, d]`.

    >>> import torch
    >>> squared_distance(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0], [3.0, 0.0]])).tolist()
    [[25.0, 0.0]]
    """
    squares = queries.square().sum(-1)[..., :, None] + references.square().sum(-1)[..., None, :]
    return (squares - 2 * queries @ references.mT).clamp_min(0)


class VectorSimilarity(Similarity):
    """A similarity of vectors, which can also compare batches of sets of queries and references."""

    reads, sees_order = "vector", False

    def compare(self, queries: Embeddings, references: Embeddings) -> Tensor:
        """Scores `[n, m]` by `vectors`."""
        return self.vectors(queries.vector, references.vector)

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """Scores `[..., n, m]` of `[..., n, d]` and `[..., m, d]`; defined by each similarity of vectors."""
        raise NotImplementedError


class Cosine(VectorSimilarity):
    """Cosine of the vectors: of `[n, d]` with `[m, d]`, `[n, m]`.

    >>> import torch
    >>> Cosine()(torch.tensor([[3.0, 0.0]]), torch.eye(2))  # one query, two references
    tensor([[1., 0.]])
    """

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """Scores in [-1, 1]."""
        return cosine(queries, references)


class CentredCosine(VectorSimilarity):
    """Cosine of the vectors after the mean vector of the training rows is subtracted: of `[n, d]` with `[m, d]`, `[n, m]`.

    The mean `[d]` is set after training; until then, and hence in a loss, this is the plain cosine. Source: CL2N of Wang et al. (2019),
    "SimpleShot", arXiv 1911.04623. There, references are normalised before they are averaged; here their average is normalised, which is
    the same for a single reference.

    >>> import torch
    >>> CentredCosine()(torch.eye(2), torch.eye(2))  # without a mean
    tensor([[1., 0.],
            [0., 1.]])
    >>> similarity = CentredCosine()
    >>> similarity.mean = torch.full((2,), 0.5)
    >>> similarity(torch.eye(2), torch.eye(2)).round()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """

    mean: Tensor | None = None

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """Scores in [-1, 1]."""
        return cosine(queries, references) if self.mean is None else cosine(queries - self.mean, references - self.mean)


class L2(VectorSimilarity):
    """Negative squared Euclidean distance of the vectors: of `[n, d]` with `[m, d]`, `[n, m]`.

    Source: Snell et al. (2017), arXiv 1703.05175, section 2.3.

    >>> import torch
    >>> L2()(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
    tensor([[-25.]])
    """

    is_distance = True

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """Scores, at most 0; 0 for equal vectors."""
        return -squared_distance(queries, references)


class Linear(VectorSimilarity):
    """The affine readout of a linear classifier, w·x + b, for learned class weights; p·x - ½‖p‖² for a prototype p.

    Of queries `[n, d]` with class weights `[m, d + 1]`, the bias last, or with prototypes `[m, d]`, it gives `[n, m]`. The latter ranks
    classes as L2 does. Source: Snell et al. (2017), arXiv 1703.05175, section 2.4, eq. 8.

    >>> import torch
    >>> Linear()(torch.tensor([[2.0]]), torch.tensor([[3.0, 1.0]]))  # 3 · 2 + 1
    tensor([[7.]])
    """

    biased = True

    def vectors(self, queries: Tensor, references: Tensor) -> Tensor:
        """Scores of queries with d numbers and references with d (prototypes) or d + 1 (class weights, the bias last)."""
        x, r = queries, references
        if r.shape[-1] == x.shape[-1]:
            return x @ r.mT - r.square().sum(-1)[..., None, :] / 2
        return x @ r[..., :-1].mT + r[..., None, :, -1]
