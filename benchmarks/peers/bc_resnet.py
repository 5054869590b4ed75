"""A plain implementation of BC-ResNet from the paper: for comparison with ours in benchmarks, and as the reference in tests."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class PlainSubSpectralNorm(nn.BatchNorm2d):
    """Batch normalisation of every (channel, sub-band) pair (arXiv 2103.13620)."""

    def __init__(self, channels: int, sub_bands: int) -> None:
        super().__init__(channels * sub_bands)
        self.sub_bands = sub_bands

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name it has in torch)
        n, c, f, t = input.shape
        return super().forward(input.reshape(n, c * self.sub_bands, f // self.sub_bands, t)).reshape(n, c, f, t)


class PlainBlock(nn.Module):
    """arXiv 2106.04140, equation 2: ReLU(x + f2(x) + BC(f1(avgpool(f2(x))))); a transition block has no x."""

    def __init__(self, inward: int, outward: int, stride: int, dilation: int, sub_bands: int, dropout: float, transition: bool) -> None:
        super().__init__()
        self.transition = transition
        if transition:
            self.pointwise = nn.Conv2d(inward, outward, 1, bias=False)
            self.pointwise_norm = nn.BatchNorm2d(outward)
        self.frequency = nn.Conv2d(outward, outward, (3, 1), (stride, 1), (1, 0), groups=outward, bias=False)
        self.frequency_norm = PlainSubSpectralNorm(outward, sub_bands)
        self.temporal = nn.Conv2d(outward, outward, (1, 3), 1, (0, dilation), (1, dilation), outward, bias=False)
        self.temporal_norm = nn.BatchNorm2d(outward)
        self.mix = nn.Conv2d(outward, outward, 1, bias=False)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        if self.transition:
            x = F.relu(self.pointwise_norm(self.pointwise(x)))
        y = self.frequency_norm(self.frequency(x))
        z = y.mean(2, keepdim=True)
        z = self.dropout(self.mix(F.silu(self.temporal_norm(self.temporal(z)))))
        return F.relu(y + z if self.transition else x + y + z)


class Plain(nn.Module):
    """arXiv 2106.04140, table 1, up to the pooling; maps features `[n, 1, bands, frames]` to (vector, matrix `[n, t, c]`)."""

    def __init__(self, width: float = 1.0, sub_bands: int = 5, dropout: float = 0.1, time_stride: int = 1) -> None:
        super().__init__()
        stem, *stages, head = (round(c * width) for c in (16, 8, 12, 16, 20, 32))
        self.stem = nn.Conv2d(1, stem, 5, (2, time_stride), 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(stem)
        blocks: list[nn.Module] = []
        inward = stem
        for outward, depth, stride, dilation in zip(stages, (2, 2, 4, 4), (1, 2, 2, 1), (1, 2, 4, 8), strict=True):
            for i in range(depth):
                blocks.append(PlainBlock(inward, outward, stride if i == 0 else 1, dilation, sub_bands, dropout, i == 0))
                inward = outward
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Conv2d(inward, inward, 5, 1, (0, 2), groups=inward, bias=False)
        self.head = nn.Conv2d(inward, head, 1, bias=False)
        self.head_norm = nn.BatchNorm2d(head)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.blocks(F.relu(self.stem_norm(self.stem(x))))
        matrix = F.relu(self.head_norm(self.head(self.last(x)))).mean(2).transpose(1, 2)
        return matrix.mean(1), matrix
