"""A linear map and the batch normalisation of what it yields, as one matrix and one shift.

The statistics of W x follow from the sums s and the products G = x xᵀ of x's rows: mean = W s / n and
variance = diag(W G Wᵀ) / n - mean². For maps with few rows and very many columns, G costs as little as W x itself; what
is normalised need then be written once, where convolving and normalising in turn write and read it several times.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scratchlab.model.batch_norm import BatchNorm, total


def folded(weight: Tensor, norm: BatchNorm, x: Tensor, count: float) -> tuple[Tensor, Tensor]:
    """A matrix `[g, r, k]` and a shift `[g, r, 1]` such that matrix @ x + shift = norm(weight @ x).

    weight `[g, r, k]`, x `[g, k, m]`. norm's channels divide the g · r rows evenly: one row each, or several that share
    their statistics. Only `count` of the m columns (of all processes' together) are real; the others must be zero.
    """
    channels = norm.num_features
    if norm.training:
        mean_x, mean_xx = (total(moments(x)) / count).tensor_split([1], 2)
        mean = (weight @ mean_x).view(channels, -1).mean(1)
        variance = ((weight @ mean_xx) * weight).sum(2).view(channels, -1).mean(1) - mean.square()
        variance = variance.clamp_min(0)
        norm.remember(mean, variance, count * weight.shape[0] * weight.shape[1] / channels)
        scale, shift = norm.scale_and_shift(mean, variance)
    else:
        scale, shift = norm.scale_and_shift()
    scale, shift = (part[:, None].expand(-1, weight.shape[0] * weight.shape[1] // channels).reshape(*weight.shape[:2], 1) for part in (scale, shift))
    return scale * weight, shift


def moments(x: Tensor) -> Tensor:
    """x `[g, k, m]` -> `[g, k, 1 + k]`: the sum of each row, then its products with every row."""
    return _Moments.apply(x)  # pyright: ignore[reportReturnType]


class _Moments(torch.autograd.Function):
    """Written out because autograd would multiply by x twice, once for each factor of x xᵀ."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.cat([x.sum(2, keepdim=True), x @ x.transpose(1, 2)], 2)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        of_sums, of_products = grad.tensor_split([1], 2)
        return torch.baddbmm(of_sums, of_products + of_products.transpose(1, 2), x)
