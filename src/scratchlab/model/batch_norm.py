"""Batch normalisation whose statistics, when several processes train together, are those of the whole batch.

Ioffe and Szegedy, arXiv 1502.03167. The modules are `nn.BatchNorm2d` in every respect (parameters, running statistics,
state), so a weight file does not show how many processes wrote it, and `nn.SyncBatchNorm` is not needed.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce


def shared() -> bool:
    """Whether this process is one of several that train together."""
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def total(sums: Tensor) -> Tensor:
    """The sums over the batches of all processes; gradients flow back to all of them."""
    return all_reduce(sums) if shared() else sums


class BatchNorm(nn.BatchNorm2d):
    """`nn.BatchNorm2d` over the real columns of all processes' batches."""

    def scale_and_shift(self, mean: Tensor | None = None, variance: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`[c]` and `[c]`: what to multiply by and then to add, given a batch's statistics, or by the running ones."""
        mean, variance = self.running_mean if mean is None else mean, self.running_var if variance is None else variance
        assert mean is not None and variance is not None  # noqa: PT018 (for the type checker: running statistics are always tracked)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return scale, self.bias - mean * scale

    @torch.no_grad()
    def remember(self, mean: Tensor, variance: Tensor, count: float) -> None:
        """Move the running statistics towards the mean and the (biased) variance `[c]` of a batch of `count` values a channel."""
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None  # noqa: PT018
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / max(count - 1, 1)), self.momentum)

    def forward(self, input: Tensor, real: Tensor | None = None) -> Tensor:  # noqa: A002 (the name it has in torch)
        """Input `[n, c, h, w]`; real `[n, w]`: which columns count, all of them if None."""
        if not self.training or (real is None and not shared()):
            return super().forward(input)
        counted = torch.ones_like(input[:, :1]) if real is None else real[:, None, None].to(input.dtype).expand(-1, 1, input.shape[2], -1)
        count = total(counted.sum())
        mean = total((input * counted).sum((0, 2, 3))) / count
        centred = input - mean[:, None, None]
        variance = total((centred.square() * counted).sum((0, 2, 3))) / count
        self.remember(mean, variance, float(count))
        return centred * (self.weight * torch.rsqrt(variance + self.eps))[:, None, None] + self.bias[:, None, None]
