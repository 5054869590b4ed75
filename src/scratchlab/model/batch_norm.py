"""Batch normalisation whose statistics, when several processes train together, are those of the whole batch.

Ioffe and Szegedy, arXiv 1502.03167. The modules are `nn.BatchNorm2d` in every respect (parameters, running statistics,
state), so a weight file does not show how many processes wrote it. `nn.SyncBatchNorm.convert_sync_batchnorm` is not needed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


def shared() -> bool:
    """Whether this process is one of several that train together."""
    return torch.distributed.is_available() and torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1


def total(sums: Tensor) -> Tensor:
    """The sums over the batches of all processes; gradients flow back to all of them."""
    return all_reduce(sums) if shared() else sums


class BatchNorm(nn.BatchNorm2d):
    """`nn.BatchNorm2d` over the real columns of all processes' batches."""

    def from_batch(self, mean: Tensor, variance: Tensor, count: Tensor | float) -> tuple[Tensor, Tensor]:
        """Scale and shift `[c]` that normalise values of this mean and (biased) variance `[c]`, taken over `count` values.

        In training the running statistics move towards them; in evaluation ask `from_history` instead.
        """
        with torch.no_grad():
            self.num_batches_tracked += 1
            unbiased = variance * (count / (count - 1)) if count > 1 else variance
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)
        return self._affine(mean, variance)

    def from_history(self) -> tuple[Tensor, Tensor]:
        """Scale and shift `[c]` from the running statistics."""
        return self._affine(self.running_mean, self.running_var)

    def _affine(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return scale, self.bias - mean * scale

    def forward(self, input: Tensor, real: Tensor | None = None) -> Tensor:
        """Input `[n, c, h, w]`; real `[n, w]`: which columns count, all of them if None."""
        if not self.training or (real is None and not shared()):
            return super().forward(input)
        weights = input.new_ones(()) if real is None else real[:, None, None].to(input.dtype)
        ones = weights.expand(len(input), 1, *input.shape[2:])
        count = total(ones.sum())
        mean = total((input * ones).sum((0, 2, 3))) / count
        centred = (input - mean[:, None, None]) * ones
        variance = total(centred.square().sum((0, 2, 3))) / count
        scale, shift = self.from_batch(mean, variance, float(count))
        return input * scale[:, None, None] + shift[:, None, None]
