"""Depthwise convolution by shifted multiply-adds: one pass over memory for each weight of the kernel.

With few channels and large planes this is several times as fast as torch's general routines on a CPU.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from scratchlab.models.fused import multiply_add

Tap = tuple[slice, slice]  # rows or steps that a kernel weight connects: in the result, and in the input
IN_CACHE = 1 << 18  # products summed at once: 1 MiB, which fits into the CPU's cache


def depthwise(x: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Tensor:
    """Convolve x `[c, rows, t, n]` with weight `[c, 1, kernel rows, kernel steps]`; the result is `[c, rows out, t, n]`.

    `padding` (zeros on both sides) and `stride` apply to rows, `dilation` to time, which is zero-padded to keep its length.
    """
    if torch.compiler.is_exporting():
        pads = (padding, dilation * (weight.shape[3] // 2))
        return convolved(x, weight, stride=(stride, 1), padding=pads, dilation=(1, dilation), groups=len(weight))
    return cast(Tensor, _Depthwise.apply(x, weight, stride, padding, dilation))


def convolved(x: Tensor, weight: Tensor, **settings: Any) -> Tensor:
    """torch's convolution of x `[c, rows, t, n]`: for an exported graph, whose runtime has a kernel for it."""
    return F.conv2d(x.permute(3, 0, 1, 2), weight, **settings).permute(1, 2, 3, 0)


def taps_of(size: int, kernel: int, stride: int, padding: int, dilation: int) -> tuple[int, list[Tap]]:
    """Along one axis: the size of the result, and for each kernel weight the slice it adds to and the slice of the input it multiplies.

    >>> taps_of(5, 3, 2, 1, 1)
    (3, [(slice(1, 3, None), slice(1, 4, 2)), (slice(0, 3, None), slice(0, 5, 2)), (slice(0, 2, None), slice(1, 4, 2))])
    """
    out = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    taps: list[Tap] = []
    for offset in range(-padding, -padding + kernel * dilation, dilation):
        first = max(0, -(offset // stride))
        last = min(out - 1, (size - 1 - offset) // stride)
        begin = first * stride + offset
        taps.append((slice(first, max(first, last + 1)), slice(begin, max(begin, last * stride + offset + 1), stride)))
    return out, taps


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int, dilation: int) -> Tensor:
        kernel_rows, kernel_time = weight.shape[2:]
        rows, over_rows = taps_of(x.shape[1], kernel_rows, stride, padding, 1)
        time, over_time = taps_of(x.shape[2], kernel_time, 1, dilation * (kernel_time // 2), dilation)
        ctx.taps = [(i, j, r, t) for i, r in enumerate(over_rows) for j, t in enumerate(over_time)]
        ctx.save_for_backward(x, weight)
        y = x.new_empty(x.shape[0], rows, time, x.shape[3])
        multiply_add(y, x, [((r[0], t[0]), (r[1], t[1]), weight[:, 0, i, j]) for i, j, r, t in ctx.taps])
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        grad_x, grad_weight = torch.empty_like(x), torch.empty_like(weight)
        multiply_add(grad_x, grad, [((r[1], t[1]), (r[0], t[0]), weight[:, 0, i, j]) for i, j, r, t in ctx.taps])
        chunk = max(1, IN_CACHE // max(1, grad[0].numel()))
        for i, j, r, t in ctx.taps:
            grad_part, x_part = grad[:, r[0], t[0]], x[:, r[1], t[1]]
            for first in range(0, len(x), chunk):
                channels = slice(first, first + chunk)
                grad_weight[channels, 0, i, j] = (grad_part[channels] * x_part[channels]).sum((1, 2, 3))
        return grad_x, grad_weight, None, None, None
