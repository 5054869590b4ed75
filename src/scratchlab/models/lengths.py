"""Masks and lengths of padded batches."""

from __future__ import annotations

import torch
from torch import Tensor


def mask(lengths: Tensor, columns: int) -> Tensor | None:
    """Return `[n, columns]`, true for columns that are not padding; None if there is no padding, so that equal lengths cost nothing.

    An exported graph takes one input, so that there is none.

    >>> mask(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    >>> mask(torch.tensor([3, 3]), 3) is None
    True
    """
    if torch.compiler.is_exporting() or bool((lengths >= columns).all()):
        return None
    return torch.arange(columns, device=lengths.device) < lengths[:, None]


def strided(lengths: Tensor, stride: int) -> Tensor:
    """The number of steps after striding, ceil(length / stride), for each length."""
    return torch.div(lengths + stride - 1, stride, rounding_mode="floor")
