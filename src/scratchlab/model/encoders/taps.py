"""What a convolution along time sees, and what it makes of several products: shifts, each the transpose of the other.

Slices and stacks would do the same; their gradients fill and add whole arrays once for every tap.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def taps(x: Tensor, kernel: int, dilation: int) -> Tensor:
    """x `[c, n, t]` -> `[c, kernel, n, t]`, of which tap j at time t is x at t + (j - kernel // 2) · dilation, zero outside.

    >>> taps(torch.tensor([[[1.0, 2.0, 3.0]]]), 3, 1)[0, :, 0].tolist()
    [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 0.0]]
    """
    return _Taps.apply(x, kernel, dilation)  # pyright: ignore[reportReturnType]


def gathered(seen: Tensor, dilation: int) -> Tensor:
    """Taps `[c, kernel, n, t]` -> `[c, n, t]`: the sum of all taps j, each taken at t - (j - kernel // 2) · dilation.

    >>> gathered(torch.tensor([[[[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]], [[100.0, 200.0, 300.0]]]]), 1)[0, 0].tolist()
    [12.0, 123.0, 230.0]
    """
    return _Gathered.apply(seen, dilation)  # pyright: ignore[reportReturnType]


def _shifts(kernel: int, dilation: int, t: int) -> list[tuple[int, slice, slice]]:
    """For each tap: the times it has, and the times they are taken from."""
    steps = [(j, (j - kernel // 2) * dilation) for j in range(kernel)]
    return [(j, slice(max(0, -s), t - max(0, s)), slice(max(0, s), t - max(0, -s))) for j, s in steps if abs(s) < t]


def _spread(x: Tensor, kernel: int, dilation: int) -> Tensor:
    seen = x.new_zeros(x.shape[0], kernel, *x.shape[1:])
    for j, there, here in _shifts(kernel, dilation, x.shape[2]):
        seen[:, j, :, there] = x[..., here]
    return seen


def _gather(seen: Tensor, dilation: int) -> Tensor:
    kernel = seen.shape[1]
    x = seen[:, kernel // 2].clone()
    for j, there, here in _shifts(kernel, dilation, seen.shape[3]):
        if j != kernel // 2:
            x[..., here] += seen[:, j, :, there]
    return x


class _Taps(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: int, dilation: int) -> Tensor:
        ctx.dilation = dilation
        return _spread(x, kernel, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return _gather(grad, ctx.dilation), None, None


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, seen: Tensor, dilation: int) -> Tensor:
        ctx.kernel, ctx.dilation = seen.shape[1], dilation
        return _gather(seen, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return _spread(grad, ctx.kernel, ctx.dilation), None
