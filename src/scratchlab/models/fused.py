"""Chains of element-wise steps that training spends its time in: compiled where that serves, by torch elsewhere, with the same bits.

A pass over memory is what each step costs, and a chain that is compiled makes one. torch's own operations share the work among threads, so
they serve where there are several.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Tap = tuple[slice, slice]  # rows and steps


def one_pass(*tensors: Tensor) -> bool:
    """Whether compiled loops serve for these."""
    return torch.get_num_threads() == 1 and all(
        one.device.type == "cpu" and one.dtype == torch.float32 and one.is_contiguous() for one in tensors
    )


def scale_and_shift(values: Tensor, scale: Tensor, shift: Tensor, rectified: bool, out: Tensor) -> None:
    """values `[c, m]`, scale and shift `[c]`: out = values · scale + shift, then ReLU if `rectified`."""
    if one_pass(values, scale, shift, out):
        from scratchlab.models import compiled  # late: numba takes a second

        compiled.scale_and_shift(values.numpy(), scale.numpy(), shift.numpy(), rectified, out.numpy())
        return
    torch.mul(values, scale[:, None], out=out).add_(shift[:, None])
    if rectified:
        out.relu_()


def masked_product(grad: Tensor, y: Tensor | None, values: Tensor) -> tuple[Tensor, Tensor]:
    """grad where y > 0, else 0, if there is a y; and that times values."""
    if y is None:
        return grad, grad * values
    if one_pass(grad, y, values):
        from scratchlab.models import compiled

        masked, product = torch.empty_like(grad), torch.empty_like(grad)
        compiled.masked_product(*(one.view(-1).numpy() for one in (grad, y, values, masked, product)))
        return masked, product
    masked = torch.ops.aten.threshold_backward(grad, y, 0)
    return masked, masked * values


def normalised_gradient(centred: Tensor, grad: Tensor, slope: Tensor, mean: Tensor, scale: Tensor, out: Tensor) -> None:
    """centred and grad `[c, m]`, the others `[c]`: out = (centred · slope + grad - mean) · scale."""
    if one_pass(centred, grad, slope, mean, scale, out):
        from scratchlab.models import compiled

        compiled.normalised_gradient(*(one.numpy() for one in (centred, grad, slope, mean, scale, out)))
        return
    torch.mul(centred, slope[:, None], out=out).add_(grad).sub_(mean[:, None]).mul_(scale[:, None])


def add_and_rectify(y: Tensor, x: Tensor | None, z: Tensor) -> Tensor:
    """y and x `[c, rows, ...]`, z `[c, 1, ...]`: ReLU of y + x + z, which takes the place of y."""
    return cast(Tensor, _AddAndRectify.apply(y, x, z))


class _AddAndRectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, x: Tensor | None, z: Tensor) -> Tensor:
        if one_pass(y, y if x is None else x, z):
            from scratchlab.models import compiled

            rows = y.flatten(2)
            compiled.add_and_rectify(rows.numpy(), (rows[:, :0] if x is None else x.flatten(2)).numpy(), z.flatten(1).numpy())
        else:
            (y if x is None else y.add_(x)).add_(z).relu_()
        ctx.mark_dirty(y)
        ctx.save_for_backward(y)
        ctx.residual = x is not None
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (y,) = ctx.saved_tensors
        grad = torch.ops.aten.threshold_backward(grad, y, 0)
        return grad, grad if ctx.residual else None, grad.sum(1, keepdim=True)


def multiply_add(whole: Tensor, values: Tensor, parts: list[tuple[Tap, Tap, Tensor]]) -> None:
    """Into each part of `whole` `[c, rows, t, n]`, adds a part of `values` times a weight `[c]`; a part that covers it all goes first and
    spares the zeros.

    parts: rows and steps in `whole`, rows and steps in `values`, the weight.
    """
    reached = [(whole[:, rows, steps].numel(), place) for place, ((rows, steps), _, _) in enumerate(parts)]
    parts = [parts[place] for _, place in sorted(reached, key=lambda one: -one[0])]
    covered = max(reached)[0] == whole.numel()
    if one_pass(whole, values):
        from scratchlab.models import compiled

        n = whole.shape[3]
        taps = [
            (r.start, r.stop, r.step or 1, t.start * n, t.stop * n, other.start, other.step or 1, then.start * n)
            for (r, t), (other, then), _ in parts
        ]
        weights = torch.stack([weight for _, _, weight in parts], 1)
        compiled.multiply_add(whole.flatten(2).numpy(), values.flatten(2).numpy(), weights.numpy(), np.array(taps), covered)
        return
    if not covered:
        whole.zero_()
    for place, ((r, t), (other, then), weight) in enumerate(parts):
        part, given, factor = whole[:, r, t], values[:, other, then], weight[:, None, None, None]
        if covered and place == 0:
            torch.mul(given, factor, out=whole)
        else:
            part.addcmul_(given, factor)
