"""Which columns of a padded batch are real."""

from __future__ import annotations

import torch
from torch import Tensor


def mask(lengths: Tensor, columns: int) -> Tensor | None:
    """`[n, columns]`, true where a column is real; None when all are, so that equal lengths cost nothing.

    >>> mask(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    >>> mask(torch.tensor([3, 3]), 3) is None
    True
    """
    if bool((lengths >= columns).all()):
        return None
    return torch.arange(columns, device=lengths.device) < lengths[:, None]


def strided(lengths: Tensor, stride: int) -> Tensor:
    """How many steps of `stride` cover each length: the length rounded up."""
    return torch.div(lengths + stride - 1, stride, rounding_mode="floor")
