"""ResNet for small images: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning", CVPR 2016, arXiv 1512.03385, section 4.2.

A 3 × 3 convolution, then stages of basic blocks, each stage with twice the channels of the one before. With three stages of n blocks, a
first stride of 1 and 16 channels it is the paper's ResNet of 6n + 2 layers. Shortcuts are the paper's option A, without weights, so the
network without shortcuts (the paper's "plain" network) has the same number of parameters.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.models.batch_norm import BatchNorm
from scratchlab.models.interface import Encoder
from scratchlab.models.lengths import mask, strided
from scratchlab.types import Embeddings, Image, Spectrogram

Stride = Annotated[int, Field(ge=1, le=4)]


def zero_padding(x: Tensor, lengths: Tensor) -> Tensor:
    """Set the columns of x `[n, c, h, w]` beyond `lengths` `[n]` to zero."""
    real = mask(lengths, x.shape[3])
    return x if real is None else x * real[:, None, None]


class Convolution(nn.Module):
    """A 3 × 3 convolution followed by batch normalisation."""

    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inward, outward, 3, stride, padding=1, bias=False)
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu")  # the paper's reference 13, arXiv 1502.01852
        self.norm = BatchNorm(outward)
        self.stride = stride

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return `[n, outward, h / stride, w / stride]` and its lengths, of x `[n, inward, h, w]`, zero beyond `lengths` `[n]` columns."""
        x, lengths = self.convolution(x), strided(lengths, self.stride)
        return self.norm(x, mask(lengths, x.shape[3])), lengths


class Stem(nn.Module):
    """The first convolution, with stride 1, followed by ReLU."""

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.first = Convolution(inward, outward, 1)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return `[n, outward, h, w]` of x `[n, inward, h, w]`."""
        return F.relu(self.first(zero_padding(x, lengths), lengths)[0])


class BasicBlock(nn.Module):
    """Two convolutions, to whose output the block's input is added if `skip` (equations 1 and 2), followed by ReLU.

    If the block strides or widens, the shortcut takes every `stride`-th pixel and pads the new channels with zeros (option A).
    """

    def __init__(self, inward: int, outward: int, stride: int, skip: bool) -> None:
        super().__init__()
        self.first = Convolution(inward, outward, stride)
        self.second = Convolution(outward, outward, 1)
        self.stride, self.more, self.skip = stride, outward - inward, skip

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return `[n, outward, ceil(h / stride), ceil(w / stride)]` of x `[n, inward, h, w]`, ignoring its columns beyond `lengths`."""
        x = zero_padding(x, lengths)
        y, lengths = self.first(x, lengths)
        y, _ = self.second(F.relu(y), lengths)
        if self.skip:
            y = y + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return F.relu(y)


class MeanPool(nn.Module):
    """Averages over positions. A module, so that its output can be captured like that of any other layer."""

    def forward(self, x: Tensor, lengths: Tensor) -> Embeddings:
        """Pool x `[n, c, h, w]`: the vector `[n, c]` is the mean over real pixels, the matrix `[n, w, c]` the mean of each column."""
        matrix = zero_padding(x, lengths).mean(2).transpose(1, 2).contiguous()
        return Embeddings(matrix.sum(1) / lengths[:, None], matrix, lengths)


class ResNet(Encoder):
    """Embeds images or spectrograms: a step of the matrix is the mean of a column of the last map; the vector is the mean of the steps.

    Features `[n, channels, rows, columns]` give a vector `[n, d]` and a matrix `[n, t, d]`, d = width · 2^(stages - 1).

    >>> import torch
    >>> embeddings = ResNet(width=8)(torch.rand(2, 3, 32, 32))
    >>> embeddings.vector.shape, embeddings.matrix.shape
    (torch.Size([2, 32]), torch.Size([2, 8, 32]))
    """

    inputs_axis = 0

    def __init__(
        self,
        form: Spectrogram | Image = Image(3, 32, 32),
        *,
        width: Annotated[int, Field(ge=1, description="channels of the first stage; each stage doubles them")] = 16,
        blocks: Annotated[int, Field(ge=1, description="basic blocks in each stage")] = 3,
        strides: Annotated[list[Stride], Field(min_length=1, description="stride of each stage's first block; one number per stage")] = [
            1,
            2,
            2,
        ],
        skip: Annotated[bool, Field(description="shortcuts around each block; without them it is the paper's plain network")] = True,
    ) -> None:
        super().__init__()
        self.form = form
        self.stem = Stem(form.channels if isinstance(form, Image) else 1, width)
        widths = [width * 2**stage for stage in range(len(strides)) for _ in range(blocks)]
        self.strides = [stride if place == 0 else 1 for stride in strides for place in range(blocks)]
        parts = zip(pairwise([width, *widths]), self.strides, strict=True)
        self.blocks = nn.ModuleList(BasicBlock(inward, outward, stride, skip) for (inward, outward), stride in parts)
        self.pool = MeanPool()
        self.dim = self.channels = widths[-1]

    @property
    def halfway(self) -> list[nn.Module]:
        """The middle block, or the earlier of the two; its output is `[n, c, h, w]`."""
        return [self.blocks[(len(self.blocks) - 1) // 2]]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embed features `[n, channels, rows, columns]` with lengths `[n]` in columns."""
        x = self.stem(features, lengths)
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x = block(x, lengths)
            lengths = strided(lengths, stride)
        return self.pool(x, lengths)
