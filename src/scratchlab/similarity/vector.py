"""Similarities of vector embeddings."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def cosine(queries: Tensor, prototypes: Tensor) -> Tensor:
    """`[n, d]`, `[c, d]` -> `[n, c]` in [-1, 1]. A zero vector is at 0 from everything: it points nowhere.

    >>> import torch
    >>> cosine(torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return F.normalize(queries, dim=1) @ F.normalize(prototypes, dim=1).T
