"""Chains of element-wise operations in which training spends much of its time: compiled where that is faster, else in torch; bit-identical.

Such operations are bound by memory traffic: in torch each one passes over memory, a compiled chain does so once. torch's operations are
multi-threaded, so they are used where there are several threads.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

Tap = tuple[slice, slice]  # rows and steps


def one_pass(*tensors: Tensor) -> bool:
    """Whether to use the compiled loops for these tensors: one thread, CPU, float32, contiguous."""
    return torch.get_num_threads() == 1 and all(
        tensor.device.type == "cpu" and tensor.dtype == torch.float32 and tensor.is_contiguous() for tensor in tensors
    )


def scale_and_shift(values: Tensor, scale: Tensor, shift: Tensor, rectified: bool, out: Tensor) -> None:
    """Write values `[c, m]` · scale `[c]` + shift `[c]` into out `[c, m]`, followed by ReLU if `rectified`."""
    if one_pass(values, scale, shift, out):
        from scratchlab.models import compiled  # imported here because importing numba takes a second

        compiled.scale_and_shift(values.numpy(), scale.numpy(), shift.numpy(), rectified, out.numpy())
        return
    torch.mul(values, scale[:, None], out=out).add_(shift[:, None])
    if rectified:
        out.relu_()


def masked_product(grad: Tensor, y: Tensor | None, values: Tensor) -> tuple[Tensor, Tensor]:
    """Return grad where y > 0, else 0 (all of grad if y is None), and that times values."""
    if y is None:
        return grad, grad * values
    if one_pass(grad, y, values):
        from scratchlab.models import compiled

        masked, product = torch.empty_like(grad), torch.empty_like(grad)
        compiled.masked_product(*(tensor.view(-1).numpy() for tensor in (grad, y, values, masked, product)))
        return masked, product
    masked = torch.ops.aten.threshold_backward(grad, y, 0)
    return masked, masked * values


def normalised_gradient(centred: Tensor, grad: Tensor, slope: Tensor, mean: Tensor, scale: Tensor, out: Tensor) -> None:
    """Write out = (centred · slope + grad - mean) · scale; centred, grad and out `[c, m]`, the others `[c]`."""
    if one_pass(centred, grad, slope, mean, scale, out):
        from scratchlab.models import compiled

        compiled.normalised_gradient(*(tensor.numpy() for tensor in (centred, grad, slope, mean, scale, out)))
        return
    torch.mul(centred, slope[:, None], out=out).add_(grad).sub_(mean[:, None]).mul_(scale[:, None])


def add_and_rectify(y: Tensor, x: Tensor | None, z: Tensor) -> Tensor:
    """Replace y by ReLU(y + x + z) and return it; y and x `[c, rows, ...]`, z `[c, 1, ...]`."""
    if torch.compiler.is_exporting():
        return F.relu((y if x is None else y + x) + z)
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


def multiply_add(out: Tensor, values: Tensor, parts: list[tuple[Tap, Tap, Tensor]]) -> None:
    """Sum over parts: add to a part of out `[c, rows, t, n]` a part of `values` times a weight `[c]`.

    parts: rows and steps in `out`, rows and steps in `values`, the weight. A part that covers all of `out` is written first, so that `out`
    need not be filled with zeros.
    """
    sizes = [(out[:, rows, steps].numel(), place) for place, ((rows, steps), _, _) in enumerate(parts)]
    parts = [parts[place] for _, place in sorted(sizes, key=lambda pair: -pair[0])]
    covered = max(sizes)[0] == out.numel()
    if one_pass(out, values):
        from scratchlab.models import compiled

        n = out.shape[3]
        taps = [
            (r.start, r.stop, r.step or 1, t.start * n, t.stop * n, source_r.start, source_r.step or 1, source_t.start * n)
            for (r, t), (source_r, source_t), _ in parts
        ]
        weights = torch.stack([weight for _, _, weight in parts], 1)
        compiled.multiply_add(out.flatten(2).numpy(), values.flatten(2).numpy(), weights.numpy(), np.array(taps), covered)
        return
    if not covered:
        out.zero_()
    for place, ((r, t), (source_r, source_t), weight) in enumerate(parts):
        target, source, factor = out[:, r, t], values[:, source_r, source_t], weight[:, None, None, None]
        if covered and place == 0:
            torch.mul(source, factor, out=out)
        else:
            target.addcmul_(source, factor)
