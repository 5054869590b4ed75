"""A depthwise convolution as shifted multiply-adds: one pass over memory for each weight of the kernel.

With few channels and large planes that is several times as fast as the general routines on a processor.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from scratchlab.models.fused import multiply_add

Tap = tuple[slice, slice]  # the rows or steps a weight reaches: in the result, and in the input
NEAR = 1 << 18  # numbers of products summed at once, while the processor has them near: 1 MiB


def depthwise(x: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Tensor:
    """x `[c, rows, t, n]`, weight `[c, 1, kernel over rows, kernel over t]` -> `[c, rows out, t, n]`.

    Rows: `padding` zeros on both sides and `stride`; time: as many zeros as keep its length, and `dilation`.
    """
    return cast(Tensor, _Depthwise.apply(x, weight, stride, padding, dilation))


def reach(size: int, kernel: int, stride: int, padding: int, dilation: int) -> tuple[int, list[Tap]]:
    """The size of the result, and for each weight what it multiplies and where that is added.

    >>> reach(5, 3, 2, 1, 1)
    (3, [(slice(1, 3, None), slice(1, 4, 2)), (slice(0, 3, None), slice(0, 5, 2)), (slice(0, 2, None), slice(1, 4, 2))])
    """
    out = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    found: list[Tap] = []
    for offset in range(-padding, -padding + kernel * dilation, dilation):
        first = max(0, -(offset // stride))
        last = min(out - 1, (size - 1 - offset) // stride)
        begin = first * stride + offset
        found.append((slice(first, max(first, last + 1)), slice(begin, max(begin, last * stride + offset + 1), stride)))
    return out, found


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int, dilation: int) -> Tensor:
        kernel_rows, kernel_time = weight.shape[2:]
        rows, over_rows = reach(x.shape[1], kernel_rows, stride, padding, 1)
        time, over_time = reach(x.shape[2], kernel_time, 1, dilation * (kernel_time // 2), dilation)
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
        into_x, into_weight = torch.empty_like(x), torch.empty_like(weight)
        multiply_add(into_x, grad, [((r[1], t[1]), (r[0], t[0]), weight[:, 0, i, j]) for i, j, r, t in ctx.taps])
        together = max(1, NEAR // max(1, grad[0].numel()))
        for i, j, r, t in ctx.taps:
            ours, theirs = grad[:, r[0], t[0]], x[:, r[1], t[1]]
            for first in range(0, len(x), together):
                some = slice(first, first + together)
                into_weight[some, 0, i, j] = (ours[some] * theirs[some]).sum((1, 2, 3))
        return into_x, into_weight, None, None, None
