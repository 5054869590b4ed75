"""Conv-4: the four convolutional blocks of few-shot learning (Vinyals et al., arXiv 1606.04080; Snell et al., 1703.05175)."""

from __future__ import annotations

from typing import Annotated, Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.model.batch_norm import BatchNorm
from scratchlab.model.interface import Encoder
from scratchlab.model.lengths import mask
from scratchlab.types import Embeddings, Image, Spectrogram

BLOCKS = 4


def halved(size: int) -> int:
    """What 2 × 2 pooling leaves of a side: an odd last pixel is dropped, a single one stays."""
    return max(1, size // 2)


def remaining(size: int) -> int:
    """What the four blocks leave of a side.

    >>> remaining(28), remaining(84), remaining(8)
    (1, 5, 1)
    """
    for _ in range(BLOCKS):
        size = halved(size)
    return size


class ConvBlock(nn.Module):
    """3 × 3 convolution, batch normalisation, ReLU, 2 × 2 maximum."""

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inward, outward, 3, padding=1, bias=False)
        self.norm = BatchNorm(outward)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x `[n, c, h, w]` whose columns are real up to `lengths`, whatever it holds beyond; the result is half as high and wide."""
        real = mask(lengths, x.shape[3])
        if real is not None:
            x = x * real[:, None, None]
        x = F.relu(self.norm(self.convolution(x), real))
        if real is not None:
            x = x * real[:, None, None]
        # Zeros are neutral to the maximum after ReLU: they let a side of one pixel pass.
        return F.max_pool2d(F.pad(x, (0, int(x.shape[3] == 1), 0, int(x.shape[2] == 1))), 2)


class Conv4(Encoder):
    """Image or Spectrogram -> a matrix with one row for every 16 columns; the vector is its mean, or all of it."""

    inputs_axis = 0

    def __init__(
        self,
        form: Spectrogram | Image,
        *,
        channels: Annotated[int, Field(description="channels of every block", ge=1)] = 64,
        pool: Annotated[Literal["mean", "flatten"], Field(description="vector: the mean of all pixels, or all of them (images)")] = "mean",
    ) -> None:
        super().__init__()
        flatten = pool == "flatten"
        if flatten and not isinstance(form, Image):
            raise Problem("conv4 cannot flatten spectrograms, whose length varies; use encoder.pool = 'mean'.")
        inward, height = (form.channels, form.height) if isinstance(form, Image) else (1, form.bands)
        self.blocks = nn.ModuleList(ConvBlock(inward if i == 0 else channels, channels) for i in range(BLOCKS))
        self.columns = remaining(form.width) if isinstance(form, Image) and flatten else None
        self.channels = channels * remaining(height) if flatten else channels
        self.dim = self.channels * (self.columns or 1)

    @property
    def halfway(self) -> list[nn.Module]:
        """The second of the four blocks: `[n, c, h, w]`."""
        return [self.blocks[BLOCKS // 2 - 1]]

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Features `[n, channels, height, width]`, lengths `[n]` in columns -> Embeddings."""
        x = features
        for block in self.blocks:
            x = block(x, lengths)
            lengths = (lengths // 2).clamp_min(1)
        matrix = x.mean(2).transpose(1, 2) if self.columns is None else x.permute(0, 3, 1, 2).flatten(2)
        real = mask(lengths, matrix.shape[1])
        matrix = (matrix if real is None else matrix * real[..., None]).contiguous()
        if self.columns is None:
            return Embeddings(matrix.sum(1) / lengths[:, None], matrix, lengths)
        whole = F.pad(matrix, (0, 0, 0, self.columns - matrix.shape[1]))  # a batch of narrow images is padded to the form's width
        return Embeddings(whole.flatten(1), matrix, lengths)
