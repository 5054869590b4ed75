"""Batch normalisation that ignores padding and, in distributed training, uses the statistics of all processes.

Ioffe and Szegedy, arXiv 1502.03167. The modules are `nn.BatchNorm2d` in every respect (parameters, running statistics,
state), so a weight file does not show how many processes wrote it, and `nn.SyncBatchNorm` is not needed.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable

from scratchlab.models.fused import masked_product, normalised_gradient, scale_and_shift


def shared() -> bool:
    """Whether this process is one of several in distributed training."""
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def total(sums: Tensor) -> Tensor:
    """Add up `sums` over all processes, in place (all-reduce)."""
    if shared():
        distributed.all_reduce(sums)
    return sums


class BatchNorm(nn.BatchNorm2d):
    """`nn.BatchNorm2d` over the real (not padded) columns of the batches of all processes."""

    def forward(self, input: Tensor, real: Tensor | None = None) -> Tensor:  # noqa: A002 (the name it has in torch)
        """Normalise input `[n, c, h, w]`; real `[n, w]`: which columns are not padding (None: all). Padding becomes zero."""
        if real is None and not (self.training and shared()):
            return super().forward(input)
        planes = input.transpose(0, 1).clone(memory_format=torch.contiguous_format)
        real_pixels = None if real is None else real[:, None].expand(-1, input.shape[2], -1)
        return self.planes(planes, real_pixels).transpose(0, 1)

    def planes(self, x: Tensor, real: Tensor | None = None, rectified: bool = False) -> Tensor:
        """Normalise x `[c, ...]`, which must be contiguous and may be overwritten; real: which values are not padding, shaped like x's
        last axes. Apply ReLU afterwards if `rectified`.

        The norm may have several channels per c: with one for each pair of channel and sub-band, this is SubSpectralNorm
        (arXiv 2103.13620).
        """
        if real is not None:
            x = x * real
        if self.training:
            y = cast(Tensor, _Normalised.apply(x, self.weight, self.bias, self, real, rectified))
        else:
            assert self.running_mean is not None and self.running_var is not None  # noqa: PT018 (for the type checker)
            scale = self.weight * torch.rsqrt(self.running_var + self.eps)
            shift = self.bias - self.running_mean * scale
            if torch.compiler.is_exporting():
                scale, shift = (
                    part.view(len(x), -1).repeat_interleave(len(x) * x.shape[1] // self.num_features, 1) for part in (scale, shift)
                )
                y = x * scale[:, :, None, None] + shift[:, :, None, None]
                return F.relu(y) if rectified else y
            values = x.view(self.num_features, -1)
            if torch.is_grad_enabled():
                y = (values * scale[:, None]).add_(shift[:, None]).view(x.shape)
                y = F.relu_(y) if rectified else y
            else:
                scale_and_shift(values, scale, shift, rectified, values)
                y = x
        return y if real is None else y * real

    def update_running(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        """Move the running statistics towards the mean and the (biased) variance `[c]` of a batch with `count` values per channel."""
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None  # noqa: PT018
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1).clamp_min(1)), self.momentum)


class _Normalised(torch.autograd.Function):
    """Batch normalisation in training. Centres x in place, since memory traffic takes most of the time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gain: Tensor, bias: Tensor, norm: BatchNorm, real: Tensor | None, rectified: bool) -> Tensor:
        values = x.detach().view(len(gain), -1)
        real_fraction = values.new_ones(1) if real is None else real.mean(dtype=x.dtype).view(1)
        sums = total(torch.cat([values.sum(1), real_fraction * values.shape[1]]))
        mean, count = sums[:-1] / sums[-1], sums[-1]
        values.sub_(mean[:, None])
        if real is not None:
            values.view(x.shape).mul_(real)
        length = cast(Tensor, torch.linalg.vector_norm(values, dim=1))
        variance = total(length.square()) / count
        norm.update_running(mean, variance, count)
        whitening = torch.rsqrt(variance + norm.eps)
        y = torch.empty_like(x)
        scale_and_shift(values, gain * whitening, bias.detach(), rectified, y.view(values.shape))
        ctx.save_for_backward(values, gain, whitening, count, y if rectified else None)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """x's gradient: gain · whitening · (grad - c(grad) - u · c(grad · u)), with u = whitening · centred and c(.) the channel mean."""
        centred, gain, whitening, count, y = ctx.saved_tensors
        grad_y, grad_x = masked_product(grad.reshape(centred.shape), None if y is None else y.view(centred.shape), centred)
        grad_gain, grad_bias = whitening * grad_x.sum(1), grad_y.sum(1)
        c_grad_u, c_grad = total(torch.stack([grad_gain, grad_bias])) / count
        normalised_gradient(centred, grad_y, -whitening * c_grad_u, c_grad, gain * whitening, grad_x)
        return grad_x.view(grad.shape), grad_gain, grad_bias, None, None, None
